-- One page of what waits for finance operations: the alerts that stand in some of their states, by money in the reporting
-- currency times the share of their window that is gone, the most first; of unknown amount after them, the longest gone
-- first. Where a rule leaves no time, a day stands for it. An amount is converted at the latest rates by `now`, if no older than `rate_days`; those
-- are in the `base_currency`. `awaits` is what has not
-- come, `cause` the service and call that fail, with the error. Of the alerts whose ids are in `held` with 'taken', of
-- the others with 'nobody', of all with ''; of rules, entities and regions those that are named, or all; without those in
-- `left_out`. `search` is part of an object's id. `objects` and the totals of money are of objects, not of alerts: one
-- with several alerts counts once, with the amount stated last.
-- params: states Array(String), entities Array(String), regions Array(String), rules Array(String), ownership String,
--   held Array(String), left_out Array(String), only Array(String), search String, now DateTime64(6, 'UTC'),
--   reporting_currency String, base_currency String, rate_days UInt32, limit UInt64, offset UInt64
-- columns: alert_id, alert, object_type, object_id, state, severity, started_at, deadline_at, amount, currency, converted, reason,
--   legal_entity, region, awaits, evidence, version, cause_service, cause_operation, cause_error, total, objects,
--   total_converted, total_unconverted
WITH
    rates AS
    (
        SELECT toString(currency) AS rate_currency, valid_on, rate
        FROM fx_rates FINAL
        WHERE loaded_at = (SELECT max(loaded_at) FROM fx_rates)
    ),
    chosen AS
    (
        SELECT
            alert_id, alert, object_type, object_id, state, severity, started_at, deadline_at, amount, ifNull(currency, '') AS currency,
            reason, labels['legal_entity'] AS legal_entity, labels['region'] AS region,
            JSONExtract(evidence, 'awaits', 'Array(String)') AS awaits, evidence, version,
            row_number() OVER (PARTITION BY object_type, object_id ORDER BY isNull(amount), changed_at DESC, alert_id) = 1 AS speaks,
            toDate({now:DateTime64(6, 'UTC')}) AS priced_on
        FROM alerts
        WHERE state IN {states:Array(String)}
            AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
            AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, labels['region']))
            AND (empty({rules:Array(String)}) OR has({rules:Array(String)}, alert))
            AND ({ownership:String} = '' OR ({ownership:String} = 'taken') = has({held:Array(String)}, alert_id))
            AND NOT has({left_out:Array(String)}, alert_id)
            AND (empty({only:Array(String)}) OR has({only:Array(String)}, alert_id))
            AND ({search:String} = '' OR positionCaseInsensitiveUTF8(object_id, {search:String}) > 0)
    ),
    own AS
    (
        SELECT
            chosen.*,
            {reporting_currency:String} AS wanted,
            multiIf(
                currency = {base_currency:String}, CAST(1, 'Nullable(Decimal(38, 18))'),
                rates.rate_currency != '' AND priced_on - rates.valid_on <= {rate_days:UInt32}, rates.rate,
                NULL) AS rate_in
        FROM chosen
        ASOF LEFT JOIN rates ON rates.rate_currency = chosen.currency AND chosen.priced_on >= rates.valid_on
    ),
    priced AS
    (
        SELECT
            own.*,
            multiIf(
                isNull(amount), NULL,
                currency = {reporting_currency:String}, amount,
                isNull(rate_in), NULL,
                {reporting_currency:String} = {base_currency:String},
                -- In 128 bits a product above 1.7e11 is wrong without an error.
                accurateCastOrNull(toDecimal256(assumeNotNull(amount), 9) * rate_in, 'Decimal(38, 9)'),
                rates.rate_currency != '' AND priced_on - rates.valid_on <= {rate_days:UInt32},
                accurateCastOrNull(
                    divideDecimal(toDecimal256(assumeNotNull(amount), 9) * rate_in, toDecimal256(rates.rate, 18), 9),
                    'Decimal(38, 9)'),
                NULL) AS converted
        FROM own
        ASOF LEFT JOIN rates ON rates.rate_currency = own.wanted AND own.priced_on >= rates.valid_on
    )
SELECT
    priced.alert_id AS alert_id, toString(alert) AS alert, toString(object_type) AS object_type, object_id,
    toString(state) AS state, toString(severity) AS severity, started_at, deadline_at, amount, currency, converted, reason,
    legal_entity, region, awaits, evidence, version,
    toString(causes.service) AS cause_service, toString(causes.operation) AS cause_operation, causes.error AS cause_error,
    count() OVER () AS total,
    countIf(speaks) OVER () AS objects,
    sumIf(converted, speaks) OVER () AS total_converted,
    countIf(speaks AND isNull(converted)) OVER () AS total_unconverted
FROM priced
LEFT JOIN (SELECT alert_id, service, operation, error FROM alert_causes FINAL) AS causes ON causes.alert_id = priced.alert_id
ORDER BY
    ifNull(toFloat64(converted), 0) * dateDiff('microsecond', started_at, {now:DateTime64(6, 'UTC')})
        / if(deadline_at > started_at, dateDiff('microsecond', started_at, deadline_at), 86400000000) DESC,
    deadline_at, object_type, object_id, alert_id
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
