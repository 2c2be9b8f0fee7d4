-- What the cases of some KPIs, each by its id and definition, came to: those that ended in [since, until), up to `turn` in
-- slice 0 and from there on in slices of `slice_us`, and those that had begun before `until` and not ended, in slice -1, with
-- how long they had waited for a value. For each value of a dimension, or for all with an empty one; once for all currencies
-- and once for each. An amount is converted at the rate of the day a case ended, of an open one at that of `until`: the latest
-- rate then, if no older than `rate_days`. Rates are in the `base_currency`; into another it goes by the rates of both. For the
-- KPIs in `asking_latest`, `latest` is the sum of the values of those cases that ended last. Of the `summed_days` what is summed
-- already is read, but not of the KPIs that are `unsummed` on all of them nor of those `gaps` in which one has no sum; there,
-- and on the `plain_days`, cases are. Open ones are read where it `asks_open`: they stand under 1970-01-01, and those that ended
-- at `until` or later on that day and after it. A sum that is too large for its column is NULL, and `is_too_large`. A KPI may
-- have the definition of another one here: its cases are then told, and are none.
-- params: kpis Array(String), definitions Array(String), since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'),
--   turn DateTime64(6, 'UTC'), slice_us Int64, dimension String, entities Array(String), regions Array(String),
--   currencies Array(String), segments Array(String), sources Array(String), handoffs Array(String), rules Array(String),
--   reporting_currency String, base_currency String, rate_days UInt32, asking_latest Array(String), asks_open Bool,
--   plain_days Array(Date), summed_days Array(Date), unsummed Array(String), gaps Array(Tuple(String, Date))
-- columns: kpi, definition, slice, label, is_total, money_in, cases, sum_of_values, latest, mean, median, p90, longest, amount,
--   unknown, converted, unconverted, is_too_large
WITH
    asked AS
    (
        SELECT
            *,
            isNull(ended_at) OR ended_at >= {until:DateTime64(6, 'UTC')} AS is_open,
            multiIf(is_open, -1, ended_at < {turn:DateTime64(6, 'UTC')}, 0, 1 + intDiv(
                toUnixTimestamp64Micro(assumeNotNull(ended_at)) - toUnixTimestamp64Micro({turn:DateTime64(6, 'UTC')}),
                {slice_us:Int64})) AS slice,
            if(is_open, dateDiff('microsecond', started_at, {until:DateTime64(6, 'UTC')}) / 1e6, value) AS measure,
            toDate(if(is_open, {until:DateTime64(6, 'UTC')}, assumeNotNull(ended_at))) AS priced_on,
            multiIf(
                {dimension:String} = 'legal_entity', toString(legal_entity),
                {dimension:String} = 'region', toString(region),
                {dimension:String} = 'currency', toString(currency),
                {dimension:String} = 'segment', toString(segment),
                {dimension:String} = 'source', toString(source),
                {dimension:String} = 'handoff', toString(handoff),
                {dimension:String} = 'rule', toString(rule),
                '') AS label
        FROM kpi_cases FINAL
        WHERE kpi IN {kpis:Array(String)} AND definition IN {definitions:Array(String)}
            AND (day IN {plain_days:Array(Date)}
                OR kpi IN {unsummed:Array(String)} AND day IN {summed_days:Array(Date)}
                OR (kpi, day) IN {gaps:Array(Tuple(String, Date))}
                OR {asks_open:Bool} AND (day = toDate(0) OR day > toDate({until:DateTime64(6, 'UTC')})))
            AND ({asks_open:Bool} OR NOT is_open)
            -- Clocks that disagree end a duty before it began.
            AND (started_at < {until:DateTime64(6, 'UTC')} OR ended_at < {until:DateTime64(6, 'UTC')})
            AND (isNull(ended_at) OR ended_at >= {since:DateTime64(6, 'UTC')})
            AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
            AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
            AND (empty({currencies:Array(String)}) OR has({currencies:Array(String)}, currency))
            AND (empty({segments:Array(String)}) OR has({segments:Array(String)}, segment))
            AND (empty({sources:Array(String)}) OR has({sources:Array(String)}, source))
            AND (empty({handoffs:Array(String)}) OR has({handoffs:Array(String)}, handoff))
            AND (empty({rules:Array(String)}) OR has({rules:Array(String)}, rule))
    ),
    rates AS
    (
        SELECT toString(currency) AS rate_currency, valid_on, rate
        FROM fx_rates FINAL
        WHERE loaded_at = (SELECT max(loaded_at) FROM fx_rates)
    ),
    -- Converted are sums of one currency and day, of which there are few.
    summed AS
    (
        SELECT
            kpi,
            definition,
            kpi IN {asking_latest:Array(String)} AS asks_latest,
            slice,
            label,
            if(isNull(amount), '', toString(currency)) AS money_in,
            priced_on,
            count() AS number,
            count(measure) AS valued,
            sum(measure) AS sum_of_values,
            max(measure) AS longest,
            quantilesExactInclusiveState(0.5, 0.9)(CAST(measure, 'Nullable(Float64)')) AS quantiles,
            sum(toDecimal256(amount, 9)) AS stated,
            countIf(isNull(amount)) AS without,
            -- With how many there are, since an instant at which all sums are 0 is left out.
            sumMap(
                if(asks_latest, [toUnixTimestamp64Micro(assumeNotNull(ended_at))], []),
                if(asks_latest, [ifNull(measure, 0)], []),
                if(asks_latest, [toUInt64(1)], [])) AS by_instant
        FROM asked
        GROUP BY kpi, definition, slice, label, money_in, priced_on
        UNION ALL
        SELECT
            kpi,
            definition,
            false AS asks_latest,
            if(toDateTime64(day, 6, 'UTC') < {turn:DateTime64(6, 'UTC')}, 0, 1 + intDiv(
                toUnixTimestamp64Micro(toDateTime64(day, 6, 'UTC')) - toUnixTimestamp64Micro({turn:DateTime64(6, 'UTC')}),
                {slice_us:Int64})) AS slice,
            multiIf(
                {dimension:String} = 'legal_entity', toString(legal_entity),
                {dimension:String} = 'region', toString(region),
                {dimension:String} = 'currency', toString(currency),
                {dimension:String} = 'segment', toString(segment),
                {dimension:String} = 'source', toString(source),
                {dimension:String} = 'handoff', toString(handoff),
                {dimension:String} = 'rule', toString(rule),
                '') AS label,
            if(has_amount, toString(currency), '') AS money_in,
            day AS priced_on,
            cases,
            valued,
            sum_of_values,
            longest,
            quantiles,
            -- A sum of a day that was too large to keep is made such again, where it is found out.
            if(has_amount AND isNull(kpi_days.stated), toDecimal256('1e38', 9), toDecimal256(kpi_days.stated, 9)),
            without,
            CAST(([], [], []), 'Tuple(Array(Int64), Array(Float64), Array(UInt64))')
        FROM kpi_days FINAL
        WHERE kpi IN {kpis:Array(String)} AND definition IN {definitions:Array(String)} AND NOT is_marker
            AND day IN {summed_days:Array(Date)}
            AND kpi NOT IN {unsummed:Array(String)}
            AND (kpi, day) NOT IN {gaps:Array(Tuple(String, Date))}
            AND (kpi, definition, day, version) IN
            (
                SELECT kpi, definition, day, max(version)
                FROM kpi_days
                WHERE kpi IN {kpis:Array(String)} AND definition IN {definitions:Array(String)}
                    AND day IN {summed_days:Array(Date)}
                GROUP BY kpi, definition, day
            )
            AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
            AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
            AND (empty({currencies:Array(String)}) OR has({currencies:Array(String)}, currency))
            AND (empty({segments:Array(String)}) OR has({segments:Array(String)}, segment))
            AND (empty({sources:Array(String)}) OR has({sources:Array(String)}, source))
            AND (empty({handoffs:Array(String)}) OR has({handoffs:Array(String)}, handoff))
            AND (empty({rules:Array(String)}) OR has({rules:Array(String)}, rule))
    )
SELECT
    toString(kpi) AS kpi,
    toString(definition) AS definition,
    slice,
    label,
    grouping(money_in) AS is_total,
    money_in,
    sum(number) AS cases,
    sum(one.sum_of_values) AS sum_of_values,
    arrayElementOrNull(sumMap(by_instant.1, by_instant.2, by_instant.3).2, -1) AS latest,
    sum(one.sum_of_values) / sum(valued) AS mean,
    quantilesExactInclusiveMerge(0.5, 0.9)(quantiles)[1] AS median,
    quantilesExactInclusiveMerge(0.5, 0.9)(quantiles)[2] AS p90,
    max(one.longest) AS longest,
    accurateCastOrNull(sum(stated), 'Decimal(38, 9)') AS amount,
    sum(without) AS unknown,
    if(max(is_large), NULL, accurateCastOrNull(sum(toDecimal256(in_reporting, 9)), 'Decimal(38, 9)')) AS converted,
    sumIf(number, isNull(in_reporting)) AS unconverted,
    max(is_large) OR isNull(converted) AND max(isNotNull(in_reporting)) AS is_too_large
FROM
(
    SELECT
        own.*,
        isNotNull(own.stated) AND isNull(own.held) AS is_large,
        multiIf(
            money_in = {reporting_currency:String}, held,
            isNull(rate_in), NULL,
            {reporting_currency:String} = {base_currency:String},
            -- In 128 bits a product above 1.7e11 is wrong without an error.
            accurateCastOrNull(toDecimal256(held, 9) * rate_in, 'Decimal(38, 9)'),
            rates.rate_currency != '' AND priced_on - rates.valid_on <= {rate_days:UInt32},
            accurateCastOrNull(divideDecimal(toDecimal256(held, 9) * rate_in, toDecimal256(rates.rate, 18), 9), 'Decimal(38, 9)'),
            NULL) AS in_reporting
    FROM
    (
        SELECT
            summed.*,
            accurateCastOrNull(summed.stated, 'Decimal(38, 9)') AS held,
            {reporting_currency:String} AS wanted,
            multiIf(
                money_in = {base_currency:String}, CAST(1, 'Nullable(Decimal(38, 18))'),
                rates.rate_currency != '' AND priced_on - rates.valid_on <= {rate_days:UInt32}, rates.rate,
                NULL) AS rate_in
        FROM summed
        ASOF LEFT JOIN rates ON rates.rate_currency = summed.money_in AND summed.priced_on >= rates.valid_on
    ) AS own
    ASOF LEFT JOIN rates ON rates.rate_currency = own.wanted AND own.priced_on >= rates.valid_on
) AS one
GROUP BY GROUPING SETS ((kpi, definition, slice, label), (kpi, definition, slice, label, money_in))
ORDER BY kpi, definition, slice, label, is_total DESC, money_in
