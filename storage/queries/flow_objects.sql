-- A page of the objects that went from one milestone straight to another, the second in [since, until), those that took
-- longest first; with `is_waiting` of those that have stood at the first since, whenever they came to it, with how long.
-- Each event counts once, in the form it was received in first; legal entity and region are the latest that an event
-- stated. With `narrowed` the objects are found first by when they came to the second milestone: where few did, that is
-- faster. Of the objects in `repeated` some event is there more than once; with `is_much_repeated` they are found here.
-- params: object_type String, from_type String, to_type String, is_waiting Bool, narrowed Bool, is_much_repeated Bool,
--   repeated Array(String), since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), now DateTime64(6, 'UTC'),
--   entities Array(String), regions Array(String), limit UInt64, offset UInt64
-- columns: object_id, from_at, to_at, seconds, total
WITH
    among AS
    (
        SELECT DISTINCT object_id
        FROM object_milestones
        WHERE {narrowed:Bool} AND object_type = {object_type:String} AND type = {to_type:String}
            AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
    ),
    repeated AS
    (
        SELECT object_id
        FROM object_milestones
        WHERE {is_much_repeated:Bool} AND object_type = {object_type:String}
        GROUP BY object_id
        HAVING count() != uniqExact(cityHash64(source, event_id))
        SETTINGS optimize_aggregation_in_order = 1
    ),
    chosen AS
    (
        SELECT object_id
        FROM object_milestones AS milestones
        WHERE object_type = {object_type:String} AND (notEmpty({entities:Array(String)}) OR notEmpty({regions:Array(String)}))
        GROUP BY object_id
        HAVING (empty({entities:Array(String)}) OR has({entities:Array(String)}, toString(
                argMaxIf(milestones.legal_entity, (occurred_at, source, event_id), milestones.legal_entity != ''))))
            AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, toString(
                argMaxIf(milestones.region, (occurred_at, source, event_id), milestones.region != ''))))
        SETTINGS optimize_aggregation_in_order = 1
    ),
    known AS
    (
        SELECT object_id, occurred_at, source, event_id, type
        FROM object_milestones
        WHERE object_type = {object_type:String} AND (NOT {narrowed:Bool} OR object_id IN (SELECT object_id FROM among))
            AND object_id NOT IN {repeated:Array(String)} AND object_id NOT IN (SELECT object_id FROM repeated)
        UNION ALL
        SELECT object_id, first.1, source, event_id, first.2
        FROM
        (
            SELECT object_id, source, event_id, argMin((occurred_at, type), (received_at, occurred_at)) AS first
            FROM object_milestones
            WHERE ({is_much_repeated:Bool} OR notEmpty({repeated:Array(String)})) AND object_type = {object_type:String}
                AND (object_id IN {repeated:Array(String)} OR object_id IN (SELECT object_id FROM repeated))
                AND (NOT {narrowed:Bool} OR object_id IN (SELECT object_id FROM among))
            GROUP BY object_id, source, event_id
        )
    )
SELECT
    object_id,
    occurred_at AS from_at,
    nullIf(next_at, toDateTime64(0, 6, 'UTC')) AS to_at,
    dateDiff('microsecond', from_at, if({is_waiting:Bool}, {now:DateTime64(6, 'UTC')}, next_at)) / 1e6 AS seconds,
    count() OVER () AS total
FROM
(
    SELECT
        object_id,
        type,
        occurred_at,
        leadInFrame(toString(type), 1, '') OVER way AS next_type,
        leadInFrame(occurred_at, 1, toDateTime64(0, 6, 'UTC')) OVER way AS next_at
    FROM known
    WINDOW way AS
    (
        PARTITION BY object_id ORDER BY occurred_at, source, event_id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
    )
)
WHERE type = {from_type:String}
    AND next_type = if({is_waiting:Bool}, '', {to_type:String})
    AND ({is_waiting:Bool}
        OR next_at >= {since:DateTime64(6, 'UTC')} AND next_at < {until:DateTime64(6, 'UTC')})
    AND (empty({entities:Array(String)}) AND empty({regions:Array(String)})
        OR object_id IN (SELECT object_id FROM chosen))
ORDER BY seconds DESC, object_id, from_at
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
