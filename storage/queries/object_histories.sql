-- Milestones of the objects that may have broken a rule, with what was known of the object at each: a fact
-- the event leaves out is the latest that an earlier event of the object stated, and amount and currency
-- come from the same event; `left_out` has a bit for each that the event leaves out: 1 amount, 2 legal_entity,
-- 4 region. `holds` numbers the conditions that are true, from 1. `amended` says that an
-- earlier event which was received later states a fact this one lacks: what was known of it has changed.
-- Objects are a stretch of ids of one type, all of them or only the touched: named by an arrival in
-- (after, through] or with a duty due by then, with `suspended` also with an alert that is, or was in a tick cut off, as
-- touched_objects says. Or only the recent: of which there may be something to say by `through`, and with `narrowed`
-- only those received since `received_since` or occurred since `occurred_since`, by `through`. Left out are those without
-- a `from` of any duty for which the conditions that the duty `needs` hold, and those where every such `from` has its
-- `to` within the time that keeps the rule quiet, by arrival too if asked so: a `to` from a clock that runs ahead is none
-- before its time has come. The same duties are given by pair of types, with what they need as bits: by them a first scan
-- finds candidates, and may find too many. It takes a condition for true where an event leaves out what conditions ask.
-- params: object_type String, after_id String, last_id String, known_at DateTime64(6, 'UTC'),
--   event_types Array(String), from_types Array(String), to_types Array(String), quiet_us Array(Int64),
--   needs Array(Array(UInt64)), pairs_from Array(String), pairs_to Array(String),
--   pair_quiet_us Array(Array(Int64)), pair_needs Array(Array(UInt64)),
--   as_it_arrived Bool, touched Bool, after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), suspended Bool,
--   after_version UInt64, recent Bool, narrowed Bool,
--   asks_amount Bool, asks_legal_entity Bool, asks_region Bool, received_since DateTime64(6, 'UTC'),
--   occurred_since DateTime64(6, 'UTC')
-- columns: object_id, type, occurred_at, received_at, source, event_id, correlation_id, trace_id, amount,
--   currency, legal_entity, region, attributes, left_out, holds, amended
-- fragments: conditions
WITH
    toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')}) AS tells_by_us,
    toUnixTimestamp64Micro({known_at:DateTime64(6, 'UTC')}) AS known_us,
    -- Types by their places in `event_types`: millions of comparisons of numbers cost less than of texts.
    arrayMap(name -> indexOf({event_types:Array(String)}, name), {pairs_from:Array(String)}) AS starting,
    arrayMap(name -> indexOf({event_types:Array(String)}, name), {pairs_to:Array(String)}) AS stopping,
    among AS
    (
        SELECT object_id FROM object_milestones
        WHERE {touched:Bool} AND object_type = {object_type:String}
            AND received_at > {after:DateTime64(6, 'UTC')}
            AND received_at <= {through:DateTime64(6, 'UTC')}
        UNION DISTINCT
        SELECT object_id FROM open_duties FINAL
        WHERE {touched:Bool} AND object_type = {object_type:String}
            AND due_at <= {through:DateTime64(6, 'UTC')}
        UNION DISTINCT
        SELECT object_id FROM alert_states FINAL
        WHERE {suspended:Bool} AND object_type = {object_type:String}
            AND (state = 'suspended' OR version > {after_version:UInt64})
        UNION DISTINCT
        SELECT object_id FROM object_milestones
        WHERE {narrowed:Bool} AND object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND type IN {event_types:Array(String)}
            AND received_at <= {known_at:DateTime64(6, 'UTC')}
            AND occurred_at <= {through:DateTime64(6, 'UTC')}
            AND (received_at >= {received_since:DateTime64(6, 'UTC')}
                OR occurred_at >= {occurred_since:DateTime64(6, 'UTC')})
    ),
    candidates AS
    (
        -- Where an identity is there twice, what was received first counts, and here nobody says which that was.
        SELECT object_id
        FROM object_milestones
        WHERE object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND received_at <= {known_at:DateTime64(6, 'UTC')}
            AND ((NOT {touched:Bool} AND NOT {narrowed:Bool}) OR object_id IN among)
        GROUP BY object_id
        HAVING arrayUniq(groupArray(cityHash64(source, event_id))) < count()
            AND countIf(type IN {from_types:Array(String)}) > 0
        UNION DISTINCT
        SELECT object_id
        FROM
        (
            SELECT
                object_id,
                occurred_us,
                received_us,
                pair,
                type_place = stopping[pair] AS stops,
                if(
                    type_place = starting[pair],
                    arrayMin(arrayMap(
                        (quiet_us, needed) -> if(bitAnd(holding, needed) = needed, quiet_us, 9223372036854775807),
                        {pair_quiet_us:Array(Array(Int64))}[pair],
                        {pair_needs:Array(Array(UInt64))}[pair])),
                    9223372036854775807) AS allowed_us,
                allowed_us != 9223372036854775807
                    AND (NOT {recent:Bool} OR occurred_us + allowed_us < tells_by_us) AS starts
            FROM
            (
                -- What an event inherits may make any condition true.
                SELECT
                    *,
                    if(
                        states_all,
                        toUInt64(arraySum(arrayMap(
                            (holds, number) -> bitShiftLeft(toUInt64(ifNull(holds, 0) != 0), number - 1),
                            conditions, arrayEnumerate(conditions)))),
                        18446744073709551615) AS holding,
                    CAST(/*{conditions}*/, 'Array(Nullable(UInt8))') AS conditions
                FROM
                (
                    SELECT
                        object_type,
                        object_id,
                        type,
                        indexOf({event_types:Array(String)}, type) AS type_place,
                        occurred_at,
                        source,
                        event_id,
                        nullIf(correlation_id, '') AS correlation_id,
                        amount,
                        nullIf(toString(currency), '') AS currency,
                        nullIf(toString(legal_entity), '') AS legal_entity,
                        nullIf(toString(region), '') AS region,
                        attributes,
                        (isNotNull(amount) OR NOT {asks_amount:Bool})
                            AND (isNotNull(legal_entity) OR NOT {asks_legal_entity:Bool})
                            AND (isNotNull(region) OR NOT {asks_region:Bool}) AS states_all,
                        toUnixTimestamp64Micro(occurred_at) AS occurred_us,
                        toUnixTimestamp64Micro(received_at) AS received_us
                    FROM object_milestones
                    WHERE object_type = {object_type:String}
                        AND object_id > {after_id:String}
                        AND ({last_id:String} = '' OR object_id <= {last_id:String})
                        AND received_at <= {known_at:DateTime64(6, 'UTC')}
                        AND type IN {event_types:Array(String)}
                        AND ((NOT {touched:Bool} AND NOT {narrowed:Bool}) OR object_id IN among)
                )
            )
            ARRAY JOIN arrayFilter(
                (number, begins, ends) -> type_place = begins OR type_place = ends,
                arrayEnumerate(starting), starting, stopping) AS pair
        )
        GROUP BY object_id, pair
        -- One `to` that is in time for every `from` is the common case; where there is none, the whole is looked at.
        HAVING countIf(starts) > 0 AND NOT arrayExists(
            stop -> stop.1 >= maxIf(occurred_us, starts)
                AND stop.1 <= minIf(occurred_us + allowed_us, starts)
                AND (NOT {as_it_arrived:Bool} OR (
                    stop.1 <= known_us
                    AND stop.2 <= minIf(greatest(occurred_us + allowed_us, received_us), starts))),
            groupArrayIf((occurred_us, received_us), stops))
    )
SELECT
    object_id,
    milestone.1 AS type,
    milestone.2 AS occurred_at,
    milestone.3 AS received_at,
    milestone.4 AS source,
    milestone.5 AS event_id,
    milestone.6 AS correlation_id,
    milestone.7 AS trace_id,
    milestone.8 AS amount,
    milestone.9 AS currency,
    milestone.10 AS legal_entity,
    milestone.11 AS region,
    milestone.12 AS attributes,
    milestone.13 AS left_out,
    milestone.14 AS holds,
    milestone.15 AS amended
FROM
(
    SELECT
        object_id,
        groupArray((type, occurred_at, received_at, source, event_id, correlation_id, trace_id, amount, currency,
            legal_entity, region, attributes, left_out, holds, amended)) AS milestones,
        groupArray((type, toUnixTimestamp64Micro(occurred_at), toUnixTimestamp64Micro(received_at), holds)) AS moments
    FROM
    (
        SELECT *, arrayFilter((number, holds) -> ifNull(holds, 0) != 0, arrayEnumerate(conditions), conditions) AS holds
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
                    nullIf(trace_id, '') AS trace_id,
                    anyLast(stated.amount) OVER earlier AS amount,
                    nullIf(anyLast(if(isNull(stated.amount), NULL, toString(stated.currency))) OVER earlier, '') AS currency,
                    anyLast(nullIf(toString(stated.legal_entity), '')) OVER earlier AS legal_entity,
                    anyLast(nullIf(toString(stated.region), '')) OVER earlier AS region,
                    attributes,
                    toUInt8(isNull(stated.amount)) + 2 * (stated.legal_entity = '') + 4 * (stated.region = '') AS left_out,
                    (isNull(stated.amount) AND maxIf(received_at, isNotNull(stated.amount)) OVER earlier > received_at)
                        OR (stated.legal_entity = '' AND maxIf(received_at, stated.legal_entity != '') OVER earlier > received_at)
                        OR (stated.region = '' AND maxIf(received_at, stated.region != '') OVER earlier > received_at)
                        AS amended
                FROM
                (
                    SELECT *
                    FROM object_milestones
                    WHERE object_type = {object_type:String}
                        AND received_at <= {known_at:DateTime64(6, 'UTC')}
                        AND object_id IN candidates
                    ORDER BY received_at, occurred_at
                    LIMIT 1 BY object_id, source, event_id
                ) AS stated
                WINDOW earlier AS
                    (PARTITION BY object_id ORDER BY occurred_at, source, event_id ROWS UNBOUNDED PRECEDING)
            )
            WHERE type IN {event_types:Array(String)}
        )
    )
    GROUP BY object_id
    -- Where facts were amended, so may have been what holds. Again fifty are compared with fifty.
    HAVING max(amended) OR length(moments) > 50 OR arrayExists(
        (from_type, to_type, allowed_us, needed) -> arrayExists(
            start -> start.1 = from_type
                AND hasAll(start.4, needed)
                AND (NOT {recent:Bool} OR start.2 + allowed_us < tells_by_us)
                AND NOT arrayExists(
                stop -> stop.1 = to_type
                    AND stop.2 >= start.2
                    AND stop.2 <= start.2 + allowed_us
                    AND (NOT {as_it_arrived:Bool} OR (
                        stop.3 <= greatest(start.2 + allowed_us, start.3) AND stop.2 <= known_us)),
                moments),
            moments),
        {from_types:Array(String)}, {to_types:Array(String)}, {quiet_us:Array(Int64)}, {needs:Array(Array(UInt64))})
)
ARRAY JOIN milestones AS milestone
ORDER BY object_id, occurred_at, source, event_id
