-- How many milestones of each type occurred in each slice of a stretch of time. An event that two collectors
-- took counts once: identities are counted, not rows.
-- params: since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), slice_seconds UInt32, entities Array(String), regions Array(String)
-- columns: type, slice_at, events
SELECT
    type,
    toDateTime(toStartOfInterval(occurred_at, toIntervalSecond({slice_seconds:UInt32})), 'UTC') AS slice_at,
    uniqExact(xxh3(source, '\0', event_id)) AS events
FROM events
WHERE received_at >= {since:DateTime64(6, 'UTC')} - INTERVAL 1 DAY
    AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
GROUP BY type, slice_at
ORDER BY type, slice_at
