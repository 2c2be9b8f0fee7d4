-- The last note, for each sign-off, that cases which were open when it was given were cleared since.
-- columns: legal_entity, period, at, entry_id, kind, who, reason, with_blockers, known_through, score, cells, changes, follows
SELECT
    toString(legal_entity) AS legal_entity,
    toString(period) AS period,
    at,
    entry_id,
    toString(kind) AS kind,
    who,
    reason,
    with_blockers,
    known_through,
    score,
    cells,
    changes,
    follows
FROM close_sign_offs
WHERE close_sign_offs.kind = 'cleared'
ORDER BY close_sign_offs.at DESC, entry_id DESC
LIMIT 1 BY follows
