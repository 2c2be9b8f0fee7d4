-- A case of every day of what a forecast is of: its amount, as it was stated last, is spread evenly over the days (UTC) from
-- the attribute `from` up to and with `until`, and the last day takes what is left of it.
SELECT
    object_id,
    toString(first_day + arrayJoin(range(days)) AS day) AS case_id,
    toDateTime64(day, 6, 'UTC') AS started_at,
    toNullable(started_at) AS ended_at,
    toNullable(1.) AS value,
    if(day = last_day, latest.1 - share * (days - 1), share) AS amount,
    latest.2 AS currency,
    latest.3 AS source
FROM
(
    SELECT
        object_id,
        argMax((amount, currency, source, attributes['from'], attributes['until']), (occurred_at, source, event_id)) AS latest,
        toDateOrNull(latest.4) AS first_day,
        toDateOrNull(latest.5) AS last_day,
        dateDiff('day', first_day, last_day) + 1 AS stated_days,
        -- A year and a day at most: what is longer is a slip.
        if(isNull(stated_days) OR stated_days < 1 OR stated_days > 367, 0, stated_days) AS days,
        CAST(latest.1 / greatest(days, 1), 'Nullable(Decimal(38, 9))') AS share
    FROM milestones
    WHERE has(from_types, type)
    GROUP BY object_id
)
WHERE days > 0
