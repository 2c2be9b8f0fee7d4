-- When an event type last occurred, by label set, of what was received by `before`.
-- params: event_type String, per Array(String), before DateTime64(6, 'UTC')
-- columns: labels, last_us
SELECT labels, max(occurred_us) AS last_us
FROM
(
    SELECT
        toUnixTimestamp64Micro(occurred_at) AS occurred_us,
        arrayMap(name -> multiIf(
            name = 'source', toString(source),
            name = 'legal_entity', toString(legal_entity),
            name = 'region', toString(region),
            name = 'currency', toString(currency),
            object_type), {per:Array(String)}) AS labels
    FROM events
    ARRAY JOIN if(has({per:Array(String)}, 'object_type') AND notEmpty(objects),
        arrayDistinct(arrayMap(object -> toString(object.type), objects)), ['']) AS object_type
    WHERE type = {event_type:String} AND received_at <= {before:DateTime64(6, 'UTC')}
)
GROUP BY labels
