-- The cases of gates of the close, those worth most in the reporting currency first, at the latest rates by `at` if no older
-- than `rate_days`, and those of unknown worth last: the ones that are open, or those that are cleared. In flight is an open
-- one that began after the instant that stands beside its gate in `due` (in microseconds), in an extent that is running; with
-- `standing` 'late' or 'in_flight' only such are told. Each extent says
-- from which slot up to which they began, of which legal entities or, with true, of all but which, and whether it is
-- running; all lie in the slots
-- [since, until).
-- params: gates Array(Tuple(String, String)), extents Array(Tuple(UInt32, UInt32, Array(String), Bool, Bool)), since UInt32,
--   until UInt32, is_open Bool, standing String, due Array(Tuple(String, String, Int64)),
--   reporting_currency String, rate_days UInt32, at DateTime64(6, 'UTC'), limit UInt64, offset UInt64
-- columns: gate, object_type, object_id, started_at, cleared_at, amount, currency, legal_entity, stuck_at, stuck_since,
--   in_flight, total
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
    cases.is_open
        AND arrayExists(
            one -> one.1 = cases.gate AND one.2 = cases.definition AND toUnixTimestamp64Micro(started_at) > one.3,
            {due:Array(Tuple(String, String, Int64))})
        AND arrayExists(
            extent -> extent.5 AND slot >= extent.1 AND slot < extent.2
                AND has(extent.3, toString(cases.legal_entity)) != extent.4,
            {extents:Array(Tuple(UInt32, UInt32, Array(String), Bool, Bool))}) AS in_flight,
    count() OVER () AS total
FROM close_cases AS cases FINAL
LEFT JOIN rates ON rates.rate_currency = cases.currency
WHERE (cases.gate, cases.definition) IN (SELECT arrayJoin({gates:Array(Tuple(String, String))}))
    AND is_open = {is_open:Bool}
    AND slot >= {since:UInt32} AND slot < {until:UInt32}
    AND arrayExists(
        extent -> slot >= extent.1 AND slot < extent.2 AND has(extent.3, toString(cases.legal_entity)) != extent.4,
        {extents:Array(Tuple(UInt32, UInt32, Array(String), Bool, Bool))})
    AND ({standing:String} = '' OR in_flight = ({standing:String} = 'in_flight'))
ORDER BY
    multiIf(
        isNull(cases.amount), NULL,
        cases.currency = {reporting_currency:String}, toFloat64(cases.amount),
        rates.rate_currency != '', toFloat64(cases.amount) * rates.rate,
        NULL) DESC NULLS LAST,
    started_at, cases.gate, object_id, case_id
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
