-- The last digest that was made under each name: when it was due, and through which change of alerts it tells.
-- columns: digest, due_us, through_us
SELECT
    group_labels['digest'] AS digest,
    max(toUInt64(group_labels['due_us'])) AS due_us,
    argMax(toUInt64(group_labels['through_us']), toUInt64(group_labels['due_us'])) AS through_us
FROM notifications
WHERE reason = 'digest'
GROUP BY digest
ORDER BY digest
