-- Which cases gates of the close have for one legal entity in the slots [since, until), and of which amounts, as a digest that
-- stays the same when cases are cleared.
-- params: gates Array(Tuple(String, String)), legal_entity String, since UInt32, until UInt32
-- columns: gate, digest
SELECT
    toString(gate) AS gate,
    sum(cityHash64(object_type, object_id, case_id, ifNull(toString(amount), '?'), currency)) AS digest
FROM close_cases AS cases FINAL
WHERE (cases.gate, cases.definition) IN (SELECT arrayJoin({gates:Array(Tuple(String, String))}))
    AND slot >= {since:UInt32} AND slot < {until:UInt32}
    AND cases.legal_entity = {legal_entity:String}
GROUP BY gate
ORDER BY gate
