-- What the events received in (after, through] say of runs and run_members does not. Events with one correlation id are
-- put together, and others by the first object they name: the members (type, id) they name, each with its run or 0,
-- the earliest instant at which that occurred, and whether that is earlier than what is known of the correlation id. A
-- correlation id is a member with an empty type. Objects are members if their type joins, or if it does not but the
-- link (event type, object type, qualifier) is an exception; of a type of which an event names more than `most`, none.
-- A row of an event of which another one was received earlier, from `rivals_since` on, says nothing. Where that is
-- `after`, nobody else stores events, and none is looked for.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), rivals_since DateTime64(6, 'UTC'), most UInt32,
--   joining_types Array(String), exceptions Array(Tuple(String, String, String))
-- columns: types, ids, runs, first_us, is_earlier
WITH
    named AS
    (
        SELECT
            correlation_id,
            toUnixTimestamp64Micro(occurred_at) AS occurred_us,
            arrayFilter(
                (each, kind, qualifier) -> has({joining_types:Array(String)}, kind)
                    != (notEmpty({exceptions:Array(Tuple(String, String, String))})
                        AND has({exceptions:Array(Tuple(String, String, String))}, (toString(type), toString(kind), qualifier))),
                arrayZip(objects.type, objects.id), objects.type, objects.qualifier) AS joining,
            if(
                length(joining) <= {most:UInt32},
                joining,
                arrayFilter(
                    each -> countEqual(arrayDistinct(joining).1, each.1) <= {most:UInt32}, joining)) AS joined
        FROM events
        WHERE received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
            AND (correlation_id != '' OR length(joined) > 1)
            AND
            (
                {rivals_since:DateTime64(6, 'UTC')} = {after:DateTime64(6, 'UTC')}
                OR (source, event_id, received_at) NOT IN
                (
                    SELECT source, event_id, arrayJoin(arraySlice(arraySort(groupArray(stamps.received_at)), 2))
                    FROM events AS stamps
                    WHERE stamps.received_at > {rivals_since:DateTime64(6, 'UTC')}
                        AND stamps.received_at <= {through:DateTime64(6, 'UTC')}
                    GROUP BY source, event_id
                    HAVING count() > 1
                )
            )
    ),
    links AS
    (
        SELECT
            if(correlation_id = '', joined[1], ('', correlation_id)) AS link,
            link.1 = '' AS correlated,
            groupUniqArrayArray(joined) AS objects,
            min(occurred_us) AS earliest_us
        FROM named
        GROUP BY link
        HAVING correlated OR length(objects) > 1
    ),
    known AS
    (
        SELECT object_type, object_id, argMax(run, version) AS run, argMax(first_us, version) AS known_us
        FROM run_members
        WHERE (object_type, object_id) IN
        (
            -- Not from links: putting them together twice costs more than this.
            SELECT arrayJoin(arrayPushBack(groupUniqArrayArray(joined), ('', correlation_id)))
            FROM named
            GROUP BY correlation_id
        )
        GROUP BY object_type, object_id
    )
SELECT
    groupArray(toString(object_type)) AS types,
    groupArray(object_id) AS ids,
    groupArray(run) AS runs,
    any(earliest_us) AS first_us,
    max(object_type = '' AND run != 0 AND earliest_us < known_us) AS is_earlier
FROM
(
    SELECT link, earliest_us, each.1 AS object_type, each.2 AS object_id
    FROM links
    ARRAY JOIN if(correlated, arrayPushBack(objects, link), objects) AS each
) AS members
LEFT ANY JOIN known USING (object_type, object_id)
GROUP BY link
HAVING min(run) = 0 OR min(run) != max(run) OR is_earlier
-- Beside a loaded collector the other cores are taken: more threads only cost a sixth more processor.
SETTINGS max_threads = 1
