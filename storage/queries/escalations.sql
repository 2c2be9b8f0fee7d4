-- How far escalation is, of the groups in which it is not over.
-- columns: receiver, group_key, policy, started_at, steps, step_at, told, by_hand, version
SELECT receiver, group_key, policy, started_at, steps, step_at, told, by_hand, version
FROM escalations FINAL
WHERE NOT is_over
