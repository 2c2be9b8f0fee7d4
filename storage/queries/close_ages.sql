-- How many open cases of gates of the close that began in the slots [since, until) have waited for how many minutes at an
-- instant, by legal entity: of these or, with `others`, of all but these. Minutes are told in steps that grow with them:
-- of one within the first hour, ten within the first day, 60 within the first month, else of a day.
-- params: gates Array(Tuple(String, String)), since UInt32, until UInt32, entities Array(String), others Bool,
--   at DateTime64(6, 'UTC')
-- columns: gate, legal_entity, minutes, cases
SELECT
    toString(gate) AS gate,
    toString(legal_entity) AS legal_entity,
    waited - waited % multiIf(waited < 60, 1, waited < 1440, 10, waited < 43200, 60, 1440) AS minutes,
    count() AS cases
FROM
(
    SELECT
        cases.gate AS gate,
        cases.legal_entity AS legal_entity,
        greatest(dateDiff('minute', started_at, {at:DateTime64(6, 'UTC')}), 0) AS waited
    FROM close_cases AS cases FINAL
    WHERE (cases.gate, cases.definition) IN (SELECT arrayJoin({gates:Array(Tuple(String, String))}))
        AND is_open
        AND slot >= {since:UInt32} AND slot < {until:UInt32}
        AND has({entities:Array(String)}, cases.legal_entity) != {others:Bool}
)
GROUP BY gate, legal_entity, minutes
ORDER BY gate, legal_entity, minutes
