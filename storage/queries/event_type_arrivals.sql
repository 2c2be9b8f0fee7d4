-- Arrivals of an event type in (after, through], by label set, in the order they became known: an event is known once it
-- is received and has occurred. What becomes known together and occurred within one slice of `slice_us` is one row, from
-- its first to its last instant. `as_it_occurred` takes every event as known when it occurred. Events that were received
-- longer than `latest_us` after they occurred are left out. An event that names objects of several types counts for
-- each, where `per` asks for object_type.
-- params: event_type String, per Array(String), after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'),
--   slice_us Int64, latest_us Int64, as_it_occurred Bool
-- columns: labels, known_us, first_us, last_us
SELECT
    labels,
    if({as_it_occurred:Bool}, occurred_us, greatest(received_us, occurred_us)) AS known_us,
    min(occurred_us) AS first_us,
    max(occurred_us) AS last_us
FROM
(
    SELECT
        toUnixTimestamp64Micro(occurred_at) AS occurred_us,
        toUnixTimestamp64Micro(received_at) AS received_us,
        arrayMap(name -> multiIf(
            name = 'source', toString(source),
            name = 'legal_entity', toString(legal_entity),
            name = 'region', toString(region),
            name = 'currency', toString(currency),
            object_type), {per:Array(String)}) AS labels
    FROM events
    ARRAY JOIN if(has({per:Array(String)}, 'object_type') AND notEmpty(objects),
        arrayDistinct(arrayMap(object -> toString(object.type), objects)), ['']) AS object_type
    WHERE type = {event_type:String}
        AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
)
WHERE {as_it_occurred:Bool} OR received_us - occurred_us <= {latest_us:Int64}
GROUP BY labels, known_us, intDiv(occurred_us, {slice_us:Int64})
ORDER BY known_us
