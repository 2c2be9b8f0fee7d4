-- The queues that the middleware tells of: how deep each was when it was measured last by `at`, since when its oldest
-- message waits, and how many messages it has parked that were not recovered.
-- params: at DateTime64(6, 'UTC'), measured_type String, parked_type String, unparked_type String
-- columns: queue, depth, oldest_at, measured_at, parked
SELECT
    queue,
    anyIf(depth, is_measured) AS depth,
    anyIf(oldest_at, is_measured) AS oldest_at,
    anyIf(measured_at, is_measured) AS measured_at,
    sum(parked) AS parked
FROM
(
    SELECT
        object_id AS queue,
        true AS is_measured,
        argMax(tuple(depth), (occurred_at, source, event_id)).1 AS depth,
        argMax(tuple(oldest_at), (occurred_at, source, event_id)).1 AS oldest_at,
        toNullable(max(occurred_at)) AS measured_at,
        0 AS parked
    FROM hop_messages
    WHERE type = {measured_type:String} AND occurred_at <= {at:DateTime64(6, 'UTC')}
    GROUP BY object_id
    UNION ALL
    SELECT queue, false AS is_measured, NULL AS depth, NULL AS oldest_at, NULL AS measured_at, count() AS parked
    FROM
    (
        SELECT
            argMax(type, (occurred_at, source, event_id)) AS last_type,
            argMax(queue, (occurred_at, source, event_id)) AS queue
        FROM hop_messages
        WHERE type IN ({parked_type:String}, {unparked_type:String}) AND occurred_at <= {at:DateTime64(6, 'UTC')}
        GROUP BY object_type, object_id
    )
    WHERE last_type = {parked_type:String} AND queue != ''
    GROUP BY queue
)
GROUP BY queue
ORDER BY queue
