-- How the gates of the close stand for the cases that began in the slots [since, until), by legal entity and currency (empty:
-- none was stated): of these legal entities or, with `others`, of all but these. Unknown are cases without an amount. A
-- sum that is too large for its column is none.
-- params: gates Array(Tuple(String, String)), since UInt32, until UInt32, entities Array(String), others Bool
-- columns: gate, legal_entity, currency, number, cleared_number, unknown_number, open_unknown_number, stated,
--   open_stated, oldest_at, mark
SELECT
    toString(gate) AS gate,
    toString(legal_entity) AS legal_entity,
    toString(currency) AS currency,
    sum(cases) AS number,
    sum(cleared) AS cleared_number,
    sum(unknown) AS unknown_number,
    sum(open_unknown) AS open_unknown_number,
    if(max(isNull(cells.amount) AND cases > unknown), NULL,
        accurateCastOrNull(sum(toDecimal256(cells.amount, 9)), 'Decimal(38, 9)')) AS stated,
    if(max(isNull(cells.open_amount) AND cases > cleared + open_unknown), NULL,
        accurateCastOrNull(sum(toDecimal256(cells.open_amount, 9)), 'Decimal(38, 9)')) AS open_stated,
    min(oldest_open_at) AS oldest_at,
    sum(digest) AS mark
FROM close_cells AS cells FINAL
WHERE (cells.gate, cells.definition) IN (SELECT arrayJoin({gates:Array(Tuple(String, String))}))
    AND slot >= {since:UInt32} AND slot < {until:UInt32}
    AND has({entities:Array(String)}, cells.legal_entity) != {others:Bool}
    AND cases > 0
GROUP BY gate, legal_entity, currency
ORDER BY gate, legal_entity, currency
