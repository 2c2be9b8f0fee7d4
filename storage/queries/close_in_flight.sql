-- Open cases of gates of the close that are in flight: they began in the slots [since, until) and after the instant that
-- stands beside their gate, in microseconds. By legal entity (of these or, with `others`, of all but these) and currency
-- (empty: none was stated). A sum that is too large for its column is none.
-- params: gates Array(Tuple(String, String, Int64)), since UInt32, until UInt32, entities Array(String), others Bool
-- columns: gate, legal_entity, currency, cases, unknown, amount
SELECT
    toString(gate) AS gate,
    toString(legal_entity) AS legal_entity,
    toString(currency) AS currency,
    count() AS cases,
    countIf(isNull(one_amount)) AS unknown,
    accurateCastOrNull(sum(toDecimal256(one_amount, 9)), 'Decimal(38, 9)') AS amount
FROM
(
    SELECT close_cases.gate AS gate, legal_entity, currency, close_cases.amount AS one_amount
    FROM close_cases FINAL
    WHERE is_open
        AND slot >= {since:UInt32} AND slot < {until:UInt32}
        AND has({entities:Array(String)}, close_cases.legal_entity) != {others:Bool}
        AND arrayExists(
            one -> one.1 = close_cases.gate AND one.2 = close_cases.definition AND toUnixTimestamp64Micro(started_at) > one.3,
            {gates:Array(Tuple(String, String, Int64))})
)
GROUP BY gate, legal_entity, currency
ORDER BY gate, legal_entity, currency
