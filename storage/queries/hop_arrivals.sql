-- What arrived over a hop, by legal entity and currency, in [since, until) and in the stretches as long that began
-- `every_seconds` earlier, up to `times` of them: stretch 1 is the latest. Each object counts once a stretch, at what the event
-- says it is worth.
-- params: from_service String, to_service String, since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'),
--   every_seconds UInt32, times UInt8
-- columns: stretch, legal_entity, currency, objects, unknown, amount
SELECT
    stretch, entity AS legal_entity, if(isNull(money.1), '', money.2) AS currency,
    count() AS objects, countIf(currency = '') AS unknown, sumIf(money.1, currency != '') AS amount
FROM
(
    SELECT
        stretch, object_type, object_id,
        argMax((amount, toString(currency)), (isNotNull(amount), occurred_at, event_id)) AS money,
        argMax(toString(legal_entity), (legal_entity != '', occurred_at, event_id)) AS entity
    FROM
    (
        SELECT
            object_type, object_id, occurred_at, event_id, amount, currency, legal_entity,
            toUnixTimestamp64Micro({since:DateTime64(6, 'UTC')}) AS since_us,
            toUnixTimestamp64Micro({until:DateTime64(6, 'UTC')}) - since_us AS length_us,
            toInt64({every_seconds:UInt32}) * 1000000 AS every_us,
            -- Stretches do not overlap: they begin at least as far apart as each is long.
            intDiv(since_us - toUnixTimestamp64Micro(occurred_at) + every_us - 1, every_us) AS stretch,
            toUnixTimestamp64Micro(occurred_at) - (since_us - stretch * every_us) AS into_us
        FROM object_milestones
        WHERE (object_type, type) IN
            (
                SELECT object_type, type
                FROM hop_milestones
                WHERE from_service = {from_service:String} AND to_service = {to_service:String}
            )
            AND occurred_at < {since:DateTime64(6, 'UTC')}
            AND occurred_at >= {since:DateTime64(6, 'UTC')} - toIntervalSecond({every_seconds:UInt32} * toUInt32({times:UInt8}))
    )
    WHERE stretch BETWEEN 1 AND {times:UInt8} AND into_us < length_us
    GROUP BY stretch, object_type, object_id
)
GROUP BY stretch, legal_entity, currency
ORDER BY stretch, legal_entity, currency
