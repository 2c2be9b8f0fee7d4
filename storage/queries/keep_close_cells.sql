-- Writes anew what the cases of a gate of the close come to in the slots of which one was written or deleted by these
-- versions. What had cases before and has none is written as nothing. A sum that is
-- too large for its column is none.
-- params: gate String, definition String, versions Array(UInt64), version UInt64
INSERT INTO close_cells
(
    gate, definition, slot, legal_entity, currency, cases, cleared, unknown, open_unknown, amount, open_amount, oldest_open_at,
    digest, version
)
WITH changed AS
(
    SELECT DISTINCT slot
    FROM close_cases
    WHERE gate = {gate:String} AND definition = {definition:String} AND version IN {versions:Array(UInt64)}
)
SELECT
    {gate:String},
    {definition:String},
    slot,
    legal_entity,
    currency,
    sum(one),
    sumIf(one, is_cleared),
    sumIf(one, isNull(one_amount)),
    sumIf(one, isNull(one_amount) AND NOT is_cleared),
    accurateCastOrNull(sum(toDecimal256(one_amount, 9)), 'Decimal(38, 9)'),
    accurateCastOrNull(sumIf(toDecimal256(one_amount, 9), NOT is_cleared), 'Decimal(38, 9)'),
    minIf(began_at, NOT is_cleared),
    sum(hash),
    {version:UInt64}
FROM
(
    SELECT
        slot,
        legal_entity,
        currency,
        toUInt64(1) AS one,
        isNotNull(cleared_at) AS is_cleared,
        amount AS one_amount,
        toNullable(started_at) AS began_at,
        cityHash64(object_type, object_id, case_id, is_cleared, ifNull(toString(amount), '?'), currency) AS hash
    FROM close_cases FINAL
    WHERE gate = {gate:String} AND definition = {definition:String} AND slot IN (SELECT slot FROM changed)
    UNION ALL
    SELECT slot, legal_entity, currency, 0, true, NULL, NULL, 0
    FROM close_cells FINAL
    WHERE gate = {gate:String} AND definition = {definition:String} AND slot IN (SELECT slot FROM changed)
)
GROUP BY slot, legal_entity, currency
