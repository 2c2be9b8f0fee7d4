-- Of the cases of a KPI that ended in [since, until) and are in no sum of the reporting currency: how many state no amount
-- (an empty currency), and of which currencies there was no rate that is old enough and no older than `rate_days`, with the
-- first such day; for each value of a dimension, or for all with an empty one. Rates are in the `base_currency`; into another
-- it goes by the rates of both.
-- params: kpi String, definition String, since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), dimension String,
--   entities Array(String), regions Array(String), currencies Array(String), segments Array(String), sources Array(String),
--   handoffs Array(String), rules Array(String), reporting_currency String,
--   base_currency String, rate_days UInt32
-- columns: label, money_in, first_on, cases
WITH
    asked AS
    (
        SELECT
            if(isNull(amount), '', toString(currency)) AS money_in,
            day,
            multiIf(
                {dimension:String} = 'legal_entity', toString(legal_entity),
                {dimension:String} = 'region', toString(region),
                {dimension:String} = 'currency', toString(currency),
                {dimension:String} = 'segment', toString(segment),
                {dimension:String} = 'source', toString(source),
                {dimension:String} = 'handoff', toString(handoff),
                {dimension:String} = 'rule', toString(rule),
                '') AS label,
            count() AS number
        FROM kpi_cases FINAL
        WHERE kpi = {kpi:String} AND definition = {definition:String}
            AND day >= toDate({since:DateTime64(6, 'UTC')}) AND day <= toDate({until:DateTime64(6, 'UTC')})
            AND ended_at >= {since:DateTime64(6, 'UTC')} AND ended_at < {until:DateTime64(6, 'UTC')}
            AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
            AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
            AND (empty({currencies:Array(String)}) OR has({currencies:Array(String)}, currency))
            AND (empty({segments:Array(String)}) OR has({segments:Array(String)}, segment))
            AND (empty({sources:Array(String)}) OR has({sources:Array(String)}, source))
            AND (empty({handoffs:Array(String)}) OR has({handoffs:Array(String)}, handoff))
            AND (empty({rules:Array(String)}) OR has({rules:Array(String)}, rule))
        GROUP BY money_in, day, label
    ),
    rates AS
    (
        SELECT toString(currency) AS rate_currency, valid_on
        FROM fx_rates FINAL
        WHERE loaded_at = (SELECT max(loaded_at) FROM fx_rates)
    )
SELECT label, missing AS money_in, min(day) AS first_on, sum(number) AS cases
FROM
(
    SELECT
        own.*,
        if(NOT is_priced, own.stated_in, {reporting_currency:String}) AS missing
    FROM
    (
        SELECT
            label,
            day,
            number,
            asked.money_in AS stated_in,
            {reporting_currency:String} AS wanted,
            asked.money_in = {base_currency:String}
                OR rates.rate_currency != '' AND asked.day - rates.valid_on <= {rate_days:UInt32} AS is_priced
        FROM asked
        ASOF LEFT JOIN rates ON rates.rate_currency = asked.money_in AND asked.day >= rates.valid_on
        WHERE asked.money_in != {reporting_currency:String}
    ) AS own
    ASOF LEFT JOIN rates ON rates.rate_currency = own.wanted AND own.day >= rates.valid_on
    WHERE NOT is_priced
        OR {reporting_currency:String} != {base_currency:String}
            AND (rates.rate_currency = '' OR own.day - rates.valid_on > {rate_days:UInt32})
)
GROUP BY label, money_in
ORDER BY label, money_in
