-- What waited for a source's word in a silence, from its `since` to its `until`: the instants at which so many alerts were
-- suspended for the first time as one, two, four and so on, each with their number and money by currency as of that
-- instant. `unknown` alerts have no amount, and are not in it. Instants are those at which changes became known. The end
-- of the silence is such an instant too if `ended`, once any alert was suspended; with what waited just before it.
-- params: source String, between String, since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), ended Bool,
--   versions UInt64
-- columns: known_us, currency, alerts, unknown, amount
WITH
    toUnixTimestamp64Micro({since:DateTime64(6, 'UTC')}) AS since_us,
    toUnixTimestamp64Micro({until:DateTime64(6, 'UTC')}) AS until_us,
    spells AS
    (
        SELECT from_us, to_us, amount, ifNull(currency, '') AS currency
        FROM
        (
            SELECT
                state,
                toInt64(intDiv(version, {versions:UInt64})) AS from_us,
                toInt64(intDiv(
                    leadInFrame(version, 1, toUInt64(9223372036854775807)) OVER (
                        PARTITION BY alert_id ORDER BY version ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
                    {versions:UInt64})) AS to_us,
                amount,
                currency,
                has(splitByString({between:String}, annotations['suspended_by']), {source:String}) AS waits
            FROM alert_transitions FINAL
            WHERE version >= toUInt64(since_us) * {versions:UInt64}
                AND alert_id IN
                (
                    SELECT alert_id FROM alert_transitions
                    WHERE state = 'suspended' AND version >= toUInt64(since_us) * {versions:UInt64}
                )
        )
        WHERE state = 'suspended' AND waits AND from_us <= until_us AND from_us < to_us
    ),
    steps AS
    (
        SELECT min(at_us) AS known_us
        FROM
        (
            SELECT at_us, max(standing) OVER (ORDER BY at_us) AS most
            FROM
            (
                SELECT at_us, sum(change) OVER (ORDER BY at_us) AS standing
                FROM
                (
                    SELECT at_us, sum(change) AS change
                    FROM
                    (
                        SELECT from_us AS at_us, 1 AS change FROM spells
                        UNION ALL
                        SELECT to_us AS at_us, -1 AS change FROM spells WHERE to_us <= until_us
                    )
                    GROUP BY at_us
                )
            )
        )
        WHERE most > 0
        GROUP BY floor(log2(most))
        UNION DISTINCT
        SELECT until_us AS known_us
        FROM (SELECT count() AS suspended FROM spells)
        WHERE {ended:Bool} AND suspended > 0
    )
SELECT
    known_us,
    if(stands, spell_currency, '') AS currency,
    countIf(stands) AS alerts,
    countIf(stands AND isNull(spell_amount)) AS unknown,
    sumIf(spell_amount, stands) AS amount
FROM
(
    SELECT
        steps.known_us AS known_us, spells.currency AS spell_currency, spells.amount AS spell_amount,
        steps.known_us - if({ended:Bool} AND steps.known_us = until_us, 1, 0) AS seen_us,
        spells.from_us <= seen_us AND seen_us < spells.to_us AS stands
    FROM steps
    CROSS JOIN spells
)
GROUP BY known_us, currency
ORDER BY known_us, currency
