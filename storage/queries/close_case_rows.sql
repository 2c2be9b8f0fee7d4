-- The cases of gates of the close, those worth most in the reporting currency first, at the latest rates by `at` if no older
-- than `rate_days`, and those of unknown worth last: the ones that are open, or those that are cleared. Each extent says
-- from which slot up to which they began, and of which legal entities or, with true, of all but which; all lie in the slots
-- [since, until).
-- params: gates Array(Tuple(String, String)), extents Array(Tuple(UInt32, UInt32, Array(String), Bool)), since UInt32,
--   until UInt32, is_open Bool,
--   reporting_currency String, rate_days UInt32, at DateTime64(6, 'UTC'), limit UInt64, offset UInt64
-- columns: gate, object_type, object_id, started_at, cleared_at, amount, currency, legal_entity, stuck_at, stuck_since, total
WITH rates AS
(
    SELECT toString(currency) AS rate_currency, toFloat64(argMax(rate, valid_on)) AS rate
    FROM fx_rates FINAL
    WHERE loaded_at = (SELECT max(loaded_at) FROM fx_rates)
        AND valid_on <= toDate({at:DateTime64(6, 'UTC')})
        AND valid_on >= toDate({at:DateTime64(6, 'UTC')}) - {rate_days:UInt32}
    GROUP BY rate_currency
)
SELECT
    toString(gate) AS gate,
    toString(object_type) AS object_type,
    object_id,
    started_at,
    cleared_at,
    amount,
    toString(currency) AS currency,
    toString(legal_entity) AS legal_entity,
    toString(stuck_at) AS stuck_at,
    stuck_since,
    count() OVER () AS total
FROM close_cases AS cases FINAL
LEFT JOIN rates ON rates.rate_currency = cases.currency
WHERE (cases.gate, cases.definition) IN (SELECT arrayJoin({gates:Array(Tuple(String, String))}))
    AND is_open = {is_open:Bool}
    AND slot >= {since:UInt32} AND slot < {until:UInt32}
    AND arrayExists(
        extent -> slot >= extent.1 AND slot < extent.2 AND has(extent.3, toString(cases.legal_entity)) != extent.4,
        {extents:Array(Tuple(UInt32, UInt32, Array(String), Bool))})
ORDER BY
    multiIf(
        isNull(cases.amount), NULL,
        cases.currency = {reporting_currency:String}, toFloat64(cases.amount),
        rates.rate_currency != '', toFloat64(cases.amount) * rates.rate,
        NULL) DESC NULLS LAST,
    started_at, cases.gate, object_id, case_id
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
