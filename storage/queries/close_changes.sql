-- What changed in a gate of the close for one legal entity and the slots [since, until) by what was received after an
-- instant: each case once, as it was written last, the latest first; `is_gone` says that it is no case there any more.
-- params: gate String, definition String, legal_entity String, since UInt32, until UInt32, version UInt64, limit UInt64
-- columns: object_type, object_id, is_open, is_gone, amount, currency, stuck_at, stuck_since, started_at, total
SELECT
    toString(object_type) AS object_type,
    object_id,
    is_open,
    is_deleted = 1 AS is_gone,
    amount,
    toString(currency) AS currency,
    toString(stuck_at) AS stuck_at,
    stuck_since,
    started_at,
    count() OVER () AS total
FROM
(
    SELECT *
    FROM close_cases
    WHERE gate = {gate:String} AND definition = {definition:String}
        AND slot >= {since:UInt32} AND slot < {until:UInt32}
        AND legal_entity = {legal_entity:String}
        AND moved AND version > {version:UInt64}
    ORDER BY version DESC
    LIMIT 1 BY object_type, object_id, case_id
)
ORDER BY version DESC, object_id
LIMIT {limit:UInt64}
