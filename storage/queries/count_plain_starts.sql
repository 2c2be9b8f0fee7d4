-- How many clocks were started, as count_starts says, of the plain objects of a stretch: those that have every identity
-- once, whose starts state themselves what conditions ask, and of which no two starts compete to be a case's first. A row
-- for each set of cases, a bit each, that starts count for, with how many starts do; with it the ids of the objects that
-- are not plain, up to 10,001. By start type the cases have parallel lists: the bit, the bits of the conditions needed,
-- chosen and passed over, and from when to when. `first_bits` are the cases of which only a first start counts. Where it
-- is `narrowed` only objects are looked at of which a start became known in the time asked for.
-- params: object_type String, after_id String, last_id String, known_at DateTime64(6, 'UTC'), by_receipt Bool,
--   since DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), start_types Array(String), case_bits Array(Array(UInt64)),
--   needs Array(Array(UInt64)), chosen Array(Array(UInt64)), passed_over Array(Array(UInt64)),
--   since_us Array(Array(Int64)), until_us Array(Array(Int64)), first_bits UInt64, narrowed Bool,
--   asks_amount Bool, asks_legal_entity Bool, asks_region Bool
-- columns: counted, starts, others
-- fragments: conditions
SELECT counted, countIf(counted != 0) AS starts, groupArrayIf(10001)(object_id, NOT is_plain) AS others
FROM
(
    SELECT
        object_id,
        arrayUniq(groupArray(identity)) = count()
            AND min(is_told) = 1
            AND bitCount(groupBitOr(firsts)) = sum(bitCount(firsts)) AS is_plain,
        arrayJoin(if(is_plain, groupArray(counted_here), [toUInt64(0)])) AS counted
    FROM
    (
        SELECT
            object_id,
            identity,
            states_all OR place = 0 AS is_told,
            if(place = 0, [], arrayFilter(
                (bit, needed) -> bitAnd(holding, needed) = needed,
                {case_bits:Array(Array(UInt64))}[place], {needs:Array(Array(UInt64))}[place])) AS started,
            bitAnd(arraySum(started), {first_bits:UInt64}) AS firsts,
            if(NOT known, toUInt64(0), toUInt64(arraySum(arrayMap(
                (bit, chosen, passed_over, begins, ends) -> if(
                    has(started, bit)
                        AND bitAnd(holding, chosen) = chosen
                        AND bitAnd(holding, passed_over) = 0
                        AND occurred_us BETWEEN begins AND ends,
                    bit, toUInt64(0)),
                {case_bits:Array(Array(UInt64))}[place], {chosen:Array(Array(UInt64))}[place],
                {passed_over:Array(Array(UInt64))}[place], {since_us:Array(Array(Int64))}[place],
                {until_us:Array(Array(Int64))}[place])))) AS counted_here
        FROM
        (
            SELECT
                *,
                toUInt64(arraySum(arrayMap(
                    (holds, number) -> bitShiftLeft(toUInt64(ifNull(holds, 0) != 0), number - 1),
                    conditions, arrayEnumerate(conditions)))) AS holding,
                CAST(/*{conditions}*/, 'Array(Nullable(UInt8))') AS conditions
            FROM
            (
                SELECT
                    object_type,
                    object_id,
                    type,
                    indexOf({start_types:Array(String)}, type) AS place,
                    occurred_at,
                    toUnixTimestamp64Micro(occurred_at) AS occurred_us,
                    if({by_receipt:Bool}, greatest(received_at, occurred_at), occurred_at) AS known_from,
                    known_from >= {since:DateTime64(6, 'UTC')} AND known_from <= {through:DateTime64(6, 'UTC')} AS known,
                    source,
                    event_id,
                    cityHash64(source, event_id) AS identity,
                    nullIf(correlation_id, '') AS correlation_id,
                    amount,
                    nullIf(toString(currency), '') AS currency,
                    nullIf(toString(legal_entity), '') AS legal_entity,
                    nullIf(toString(region), '') AS region,
                    attributes,
                    (isNotNull(amount) OR NOT {asks_amount:Bool})
                        AND (isNotNull(legal_entity) OR NOT {asks_legal_entity:Bool})
                        AND (isNotNull(region) OR NOT {asks_region:Bool}) AS states_all
                FROM object_milestones
                WHERE object_type = {object_type:String}
                    AND object_id > {after_id:String}
                    AND ({last_id:String} = '' OR object_id <= {last_id:String})
                    AND received_at <= {known_at:DateTime64(6, 'UTC')}
                    AND (
                        NOT {narrowed:Bool}
                        OR object_id IN
                        (
                            SELECT object_id FROM object_milestones
                            WHERE {narrowed:Bool} AND object_type = {object_type:String}
                                AND object_id > {after_id:String}
                                AND ({last_id:String} = '' OR object_id <= {last_id:String})
                                AND type IN {start_types:Array(String)}
                                AND received_at <= {known_at:DateTime64(6, 'UTC')}
                                AND if({by_receipt:Bool}, greatest(received_at, occurred_at), occurred_at)
                                    BETWEEN {since:DateTime64(6, 'UTC')} AND {through:DateTime64(6, 'UTC')}
                        )
                    )
            )
        )
    )
    GROUP BY object_id
)
GROUP BY counted
