-- What the events received in (after, through] say of runs and run_members does not: each set of members that an event
-- names together, as (object type, id, its run or 0), the earliest instant at which that occurred, and whether that is
-- earlier than what is known of the correlation id among them. A correlation id has an empty object type. An object is
-- a member where the contract lets it join; of a type of which one event names more than `most`, none is.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), most UInt32, joining_types Array(String),
--   joining_links Array(Tuple(String, String, String)), loose_links Array(Tuple(String, String, String))
-- columns: members, first_us, is_earlier
WITH
    links AS
    (
        SELECT members, min(toUnixTimestamp64Micro(occurred_at)) AS first_us
        FROM
        (
            SELECT
                occurred_at,
                arrayDistinct(arrayMap(
                    each -> (toString(each.type), each.id),
                    arrayFilter(
                        each -> multiIf(
                            has({joining_links:Array(Tuple(String, String, String))}, (toString(type), toString(each.type), each.qualifier)), true,
                            has({loose_links:Array(Tuple(String, String, String))}, (toString(type), toString(each.type), each.qualifier)), false,
                            has({joining_types:Array(String)}, toString(each.type))),
                        objects))) AS named,
                arrayFilter(
                    kind -> countEqual(named.1, kind) > {most:UInt32}, arrayDistinct(named.1)) AS crowds,
                arrayFilter(each -> NOT has(crowds, each.1), named) AS joined,
                arraySort(if(correlation_id = '', joined, arrayPushBack(joined, ('', correlation_id)))) AS members
            FROM events
            WHERE received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
                AND (correlation_id != '' OR length(objects) > 1)
        )
        WHERE length(members) > 1 OR members[1].1 = ''
        GROUP BY members
    ),
    known AS
    (
        SELECT object_type, object_id, run, first_us AS known_us
        FROM run_members FINAL
        WHERE (object_type, object_id) IN (SELECT member.1, member.2 FROM links ARRAY JOIN members AS member)
    )
SELECT
    groupArray((object_type, object_id, run)) AS members,
    any(first_us) AS first_us,
    max(object_type = '' AND run != 0 AND first_us < known_us) AS is_earlier
FROM
(
    SELECT number, first_us, toString(member.1) AS object_type, member.2 AS object_id
    FROM (SELECT members, first_us, rowNumberInAllBlocks() AS number FROM links)
    ARRAY JOIN members AS member
) AS linked
LEFT ANY JOIN known USING (object_type, object_id)
GROUP BY number
HAVING min(run) = 0 OR min(run) != max(run) OR is_earlier
