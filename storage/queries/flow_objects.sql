-- A page of the objects that went from one milestone straight to another, the second in [since, until), those that took
-- longest first; with `is_waiting` of those that have stood at the first since, whenever they came to it, with how long.
-- Each event counts once, in the form it was received in first; legal entity and region are the latest that an event
-- stated. With `narrowed` the objects are found first by when they came to the second milestone: where few did, that is faster.
-- params: object_type String, from_type String, to_type String, is_waiting Bool, narrowed Bool,
--   since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), now DateTime64(6, 'UTC'), entities Array(String),
--   regions Array(String), limit UInt64, offset UInt64
-- columns: object_id, from_at, to_at, seconds, legal_entity, region, total
WITH
    among AS
    (
        SELECT DISTINCT object_id
        FROM object_milestones
        WHERE {narrowed:Bool} AND object_type = {object_type:String} AND type = {to_type:String}
            AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
    )
SELECT
    object_id,
    from_at,
    nullIf(next_at, toDateTime64(0, 6, 'UTC')) AS to_at,
    dateDiff('microsecond', from_at, if({is_waiting:Bool}, {now:DateTime64(6, 'UTC')}, next_at)) / 1e6 AS seconds,
    legal_entity,
    region,
    count() OVER () AS total
FROM
(
    SELECT
        object_id,
        groupArray((occurred_at, source, event_id, type, received_at)) AS told,
        -- Most often no event is there twice, and nothing need be left out.
        if(length(told) = arrayUniq(arrayMap(event -> (event.2, event.3), told)), told, arrayFilter(
            (event, nth) -> nth = 1,
            arraySort(event -> (event.5, event.1), told) AS arrived,
            arrayEnumerateUniq(arrayMap(event -> (event.2, event.3), arrived)))) AS known,
        arraySort(known) AS way,
        arrayMap(event -> event.4, way) AS types,
        arrayMap(event -> event.1, way) AS times,
        toString(argMaxIf(milestones.legal_entity, occurred_at, milestones.legal_entity != '')) AS legal_entity,
        toString(argMaxIf(milestones.region, occurred_at, milestones.region != '')) AS region
    FROM object_milestones AS milestones
    WHERE object_type = {object_type:String}
        AND (NOT {narrowed:Bool} OR object_id IN (SELECT object_id FROM among))
    GROUP BY object_id
    HAVING if({is_waiting:Bool}, types[-1] = {from_type:String}, has(types, {to_type:String}))
)
ARRAY JOIN
    types AS this_type,
    times AS from_at,
    arrayPushBack(arrayPopFront(types), '') AS next_type,
    arrayPushBack(arrayPopFront(times), toDateTime64(0, 6, 'UTC')) AS next_at
WHERE this_type = {from_type:String}
    AND next_type = if({is_waiting:Bool}, '', {to_type:String})
    AND ({is_waiting:Bool}
        OR next_at >= {since:DateTime64(6, 'UTC')} AND next_at < {until:DateTime64(6, 'UTC')})
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
ORDER BY seconds DESC, object_id, from_at
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
SETTINGS optimize_aggregation_in_order = 1
