-- The history of sign-offs, the newest first: of one legal entity and period, or of all where they are empty.
-- params: legal_entity String, period String, limit UInt64
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
WHERE ({legal_entity:String} = '' OR close_sign_offs.legal_entity = {legal_entity:String})
    AND ({period:String} = '' OR close_sign_offs.period = {period:String})
ORDER BY close_sign_offs.at DESC, entry_id
LIMIT 1 BY entry_id
LIMIT {limit:UInt64}
