-- A page of the objects that went from one milestone straight to another, the second in [since, until), those that took
-- longest first; with `is_waiting` of those that have stood at the first since, whenever they came to it, with how long.
-- Each event counts once, in the form it was received in first; facts are the latest that an event stated.
-- params: object_type String, from_type String, to_type String, is_waiting Bool, since DateTime64(6, 'UTC'),
--   until DateTime64(6, 'UTC'), now DateTime64(6, 'UTC'), entities Array(String), regions Array(String),
--   limit UInt64, offset UInt64
-- columns: object_id, from_at, to_at, seconds, amount, currency, legal_entity, region, total
WITH
    among AS
    (
        SELECT DISTINCT object_id
        FROM object_milestones
        WHERE object_type = {object_type:String}
            AND type = if({is_waiting:Bool}, {from_type:String}, {to_type:String})
            AND ({is_waiting:Bool}
                OR occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')})
    )
SELECT
    object_id,
    step.1 AS from_at,
    step.2 AS to_at,
    dateDiff('microsecond', from_at, if({is_waiting:Bool}, {now:DateTime64(6, 'UTC')}, assumeNotNull(to_at))) / 1e6 AS seconds,
    if(empty(of_amount), NULL, of_amount[-1].8) AS amount,
    if(empty(of_amount), '', of_amount[-1].9) AS currency,
    if(empty(of_entity), '', of_entity[-1].6) AS legal_entity,
    if(empty(of_region), '', of_region[-1].7) AS region,
    count() OVER () AS total
FROM
(
    SELECT
        object_id,
        arraySort(event -> (event.5, event.1), groupArray((
            occurred_at, toString(source), event_id, toString(type), received_at, toString(milestone.legal_entity),
            toString(milestone.region), milestone.amount, toString(milestone.currency)))) AS arrived,
        arraySort(arrayFilter(
            (event, nth) -> nth = 1,
            arrived,
            arrayEnumerateUniq(arrayMap(event -> event.2, arrived), arrayMap(event -> event.3, arrived)))) AS way,
        arrayFilter(event -> event.6 != '', way) AS of_entity,
        arrayFilter(event -> event.7 != '', way) AS of_region,
        arrayFilter(event -> isNotNull(event.8), way) AS of_amount
    FROM object_milestones AS milestone
    WHERE object_type = {object_type:String} AND object_id IN (SELECT object_id FROM among)
    GROUP BY object_id
)
ARRAY JOIN arrayFilter(
    pair -> if({is_waiting:Bool},
        pair.3 = {from_type:String} AND isNull(pair.2),
        pair.3 = {from_type:String} AND pair.4 = {to_type:String}
            AND pair.2 >= {since:DateTime64(6, 'UTC')} AND pair.2 < {until:DateTime64(6, 'UTC')}),
    arrayMap(
        (event, next_at, next_type) -> (event.1, next_at, event.4, next_type),
        way,
        arrayPushBack(arrayPopFront(arrayMap(event -> toNullable(event.1), way)), NULL),
        arrayPushBack(arrayPopFront(arrayMap(event -> event.4, way)), ''))) AS step
WHERE (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
ORDER BY seconds DESC, object_id, from_at
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
SETTINGS optimize_aggregation_in_order = 1
