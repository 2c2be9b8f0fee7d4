-- The clocks that started after `since` and by `at`, of the objects of a stretch of ids of one type, as they stood at `at`
-- by what was received by `known_at`: when each started and ended (NULL: not yet), and whether a `to` ended it. An `unless`
-- before its `to` ends it, too. With `only_first` an object has one clock, that of its first `from`; a condition that
-- `needs` names has to hold for a `from`. `segment` has the values of the names in `per` at the start, '' where unknown;
-- a name that begins with attributes. is that attribute's. `holds` numbers the conditions that hold at the start. A `to`
-- or `unless` counts from `skew_us` before the start.
-- params: object_type String, after_id String, last_id String, since DateTime64(6, 'UTC'), at DateTime64(6, 'UTC'),
--   known_at DateTime64(6, 'UTC'), from_type String, to_type String, unless Array(String), only_first Bool,
--   needs Array(UInt64), skew_us Int64, per Array(String)
-- columns: object_id, start_us, end_us, completed, segment, holds
-- fragments: conditions
SELECT
    object_id,
    occurred_us AS start_us,
    least(ifNull(to_us, unless_us), ifNull(unless_us, to_us)) AS end_us,
    isNotNull(to_us) AND to_us <= ifNull(unless_us, to_us) AS completed,
    segment,
    holds
FROM
(
    SELECT
        object_id,
        occurred_us,
        segment,
        holds,
        starts,
        minIfOrNull(occurred_us, type = {to_type:String}) OVER since_start AS to_us,
        minIfOrNull(occurred_us, type IN {unless:Array(String)}) OVER since_start AS unless_us,
        countIf(starts) OVER so_far AS number
    FROM
    (
        SELECT
            object_id,
            type,
            source,
            event_id,
            toUnixTimestamp64Micro(occurred_at) AS occurred_us,
            arrayFilter((number, holds) -> ifNull(holds, 0) != 0, arrayEnumerate(conditions), conditions) AS holds,
            type = {from_type:String} AND hasAll(holds, {needs:Array(UInt64)}) AS starts,
            arrayMap(name -> multiIf(
                name = 'source', toString(source),
                name = 'legal_entity', ifNull(toString(legal_entity), ''),
                name = 'region', ifNull(toString(region), ''),
                name = 'currency', ifNull(currency, ''),
                attributes[substring(name, 12)]), {per:Array(String)}) AS segment
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
                        AND occurred_at <= {at:DateTime64(6, 'UTC')}
                        AND object_id IN
                        (
                            SELECT object_id FROM object_milestones
                            WHERE object_type = {object_type:String}
                                AND object_id > {after_id:String}
                                AND ({last_id:String} = '' OR object_id <= {last_id:String})
                                AND type = {from_type:String}
                                AND received_at <= {known_at:DateTime64(6, 'UTC')}
                                AND occurred_at > {since:DateTime64(6, 'UTC')}
                                AND occurred_at <= {at:DateTime64(6, 'UTC')}
                        )
                    ORDER BY received_at, occurred_at
                    LIMIT 1 BY object_id, source, event_id
                ) AS stated
                WINDOW earlier AS
                    (PARTITION BY object_id ORDER BY occurred_at, source, event_id ROWS UNBOUNDED PRECEDING)
            )
            WHERE type IN ({from_type:String}, {to_type:String}) OR type IN {unless:Array(String)}
        )
    )
    WINDOW
        -- Read from the latest on, the frame only grows: an object with many events costs no more than each of them.
        since_start AS (PARTITION BY object_id ORDER BY if(starts, occurred_us - {skew_us:Int64}, occurred_us) DESC
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
        so_far AS (PARTITION BY object_id ORDER BY occurred_us, source, event_id ROWS UNBOUNDED PRECEDING)
)
WHERE starts
    AND (number = 1 OR NOT {only_first:Bool})
    AND occurred_us > toUnixTimestamp64Micro({since:DateTime64(6, 'UTC')})
ORDER BY object_id, start_us
