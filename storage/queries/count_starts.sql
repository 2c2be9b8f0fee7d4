-- How many clocks were started, of the objects of a stretch of ids of one type, from `since` to `through`: by receipt
-- (and occurrence, if that is later), or by occurrence alone. One count for each case: a `from` type, the conditions
-- that a start needs, whether only an object's first such start counts, and of the starts that count the conditions
-- that must hold (`chosen`) and must not (`passed_over`), by what is known of them by `known_at`, and that the start
-- lies from `since_us` to `until_us`, in microseconds since 1970. `object_ids` are the only objects, unless it is empty.
-- params: object_type String, after_id String, last_id String, known_at DateTime64(6, 'UTC'), by_receipt Bool,
--   since DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), from_types Array(String), needs Array(Array(UInt64)),
--   only_first Array(Bool), chosen Array(Array(UInt64)), passed_over Array(Array(UInt64)),
--   since_us Array(Int64), until_us Array(Int64), object_ids Array(String)
-- columns: counts
-- fragments: conditions
SELECT sumForEach(counts) AS counts
FROM
(
    SELECT
        arraySort(start -> (start.2, start.3, start.4), groupArray((type, occurred_at, source, event_id, known, holds)))
            AS starts,
        arrayMap(
            (from_type, needed, only_the_first, chosen, passed_over, begins, ends) -> arrayCount(
                start -> start.5 AND hasAll(start.6, chosen) AND NOT hasAny(start.6, passed_over)
                    AND toUnixTimestamp64Micro(start.2) BETWEEN begins AND ends,
                arraySlice(
                    arrayFilter(start -> start.1 = from_type AND hasAll(start.6, needed), starts),
                    1,
                    if(only_the_first, 1, length(starts)))),
            {from_types:Array(String)}, {needs:Array(Array(UInt64))}, {only_first:Array(Bool)},
            {chosen:Array(Array(UInt64))}, {passed_over:Array(Array(UInt64))},
            {since_us:Array(Int64)}, {until_us:Array(Int64)}) AS counts
    FROM
    (
        SELECT
            object_id,
            type,
            occurred_at,
            source,
            event_id,
            if({by_receipt:Bool}, greatest(received_at, occurred_at), occurred_at) AS known_from,
            known_from >= {since:DateTime64(6, 'UTC')} AND known_from <= {through:DateTime64(6, 'UTC')} AS known,
            arrayFilter((number, holds) -> ifNull(holds, 0) != 0, arrayEnumerate(conditions), conditions) AS holds
        FROM
        (
            SELECT *, /*{conditions}*/ AS conditions
            FROM
            (
                SELECT
                    object_type,
                    object_id,
                    type,
                    occurred_at,
                    received_at,
                    source,
                    event_id,
                    nullIf(correlation_id, '') AS correlation_id,
                    anyLast(stated.amount) OVER earlier AS amount,
                    nullIf(anyLast(if(isNull(stated.amount), NULL, toString(stated.currency))) OVER earlier, '') AS currency,
                    anyLast(nullIf(toString(stated.legal_entity), '')) OVER earlier AS legal_entity,
                    anyLast(nullIf(toString(stated.region), '')) OVER earlier AS region,
                    attributes
                FROM
                (
                    SELECT *
                    FROM object_milestones
                    WHERE object_type = {object_type:String}
                        AND object_id > {after_id:String}
                        AND ({last_id:String} = '' OR object_id <= {last_id:String})
                        AND received_at <= {known_at:DateTime64(6, 'UTC')}
                        AND (empty({object_ids:Array(String)}) OR object_id IN {object_ids:Array(String)})
                        AND object_id IN
                        (
                            SELECT object_id FROM object_milestones
                            WHERE object_type = {object_type:String}
                                AND object_id > {after_id:String}
                                AND ({last_id:String} = '' OR object_id <= {last_id:String})
                                AND type IN {from_types:Array(String)}
                                AND received_at <= {known_at:DateTime64(6, 'UTC')}
                                AND if({by_receipt:Bool}, greatest(received_at, occurred_at), occurred_at)
                                    BETWEEN {since:DateTime64(6, 'UTC')} AND {through:DateTime64(6, 'UTC')}
                        )
                    ORDER BY received_at, occurred_at
                    LIMIT 1 BY object_id, source, event_id
                ) AS stated
                WINDOW earlier AS
                    (PARTITION BY object_id ORDER BY occurred_at, source, event_id ROWS UNBOUNDED PRECEDING)
            )
            WHERE type IN {from_types:Array(String)}
        )
    )
    GROUP BY object_id
)
