-- How many open cases of gates of the close that began in the slots [since, until) have waited for how many whole minutes
-- at an instant, by legal entity: of these or, with `others`, of all but these.
-- params: gates Array(Tuple(String, String)), since UInt32, until UInt32, entities Array(String), others Bool,
--   at DateTime64(6, 'UTC')
-- columns: gate, legal_entity, minutes, cases
SELECT
    toString(gate) AS gate,
    toString(legal_entity) AS legal_entity,
    greatest(dateDiff('minute', started_at, {at:DateTime64(6, 'UTC')}), 0) AS minutes,
    count() AS cases
FROM close_cases AS open_cases FINAL
WHERE (open_cases.gate, open_cases.definition) IN (SELECT arrayJoin({gates:Array(Tuple(String, String))}))
    AND is_open
    AND slot >= {since:UInt32} AND slot < {until:UInt32}
    AND has({entities:Array(String)}, open_cases.legal_entity) != {others:Bool}
GROUP BY gate, legal_entity, minutes
ORDER BY gate, legal_entity, minutes
