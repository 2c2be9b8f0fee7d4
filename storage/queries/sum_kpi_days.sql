-- Sums the cases of a KPI on some days, in place of what was summed of them before. Amounts whose sum is too large for its
-- column have none.
-- params: kpi String, definition String, days Array(Date)
INSERT INTO kpi_days
(
    kpi, definition, day, is_marker, has_amount, legal_entity, region, currency, segment, source, handoff, rule, version,
    cases, valued, sum_of_values, longest, quantiles, stated, without
)
WITH
(
    SELECT max(version) + 1 FROM kpi_days WHERE kpi = {kpi:String} AND definition = {definition:String}
) AS next_version
SELECT
    {kpi:String}, {definition:String}, day, is_marker, has_amount, legal_entity, region, currency, segment, source, handoff,
    rule, next_version, cases, valued, sum_of_values, longest, quantiles, stated, without
FROM
(
    SELECT
        day,
        false AS is_marker,
        isNotNull(amount) AS has_amount,
        legal_entity,
        region,
        currency,
        segment,
        source,
        handoff,
        rule,
        count() AS cases,
        count(value) AS valued,
        sum(value) AS sum_of_values,
        max(value) AS longest,
        quantilesExactInclusiveState(0.5, 0.9)(value) AS quantiles,
        accurateCastOrNull(sum(toDecimal256(amount, 9)), 'Decimal(38, 9)') AS stated,
        countIf(isNull(amount)) AS without
    FROM kpi_cases FINAL
    WHERE kpi = {kpi:String} AND definition = {definition:String} AND day IN {days:Array(Date)}
    GROUP BY day, has_amount, legal_entity, region, currency, segment, source, handoff, rule
    UNION ALL
    SELECT
        day, true, false, '', '', '', '', '', '', '', 0, 0, NULL, NULL,
        quantilesExactInclusiveState(0.5, 0.9)(CAST(NULL, 'Nullable(Float64)')), NULL, 0
    FROM (SELECT arrayJoin({days:Array(Date)}) AS day)
    GROUP BY day
)
