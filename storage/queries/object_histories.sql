-- Milestones of the objects that may have broken a rule, with what was known of the object at each: a fact
-- the event leaves out is the latest that an earlier event of the object stated, and amount and currency
-- come from the same event. `holds` numbers the conditions that are true, from 1. `amended` says that an
-- earlier event which was received later states a fact this one lacks: what was known of it has changed.
-- Objects are a stretch of ids of one type, all of them or only the touched: named by an arrival in
-- (after, through] or with a duty due by then, with `suspended` also with an alert that is, or was in a tick cut off, as
-- touched_objects says. Left out are those without a `from` of any duty, and those
-- where every `from` has its `to` within the time that keeps the rule quiet, by arrival too if asked so: a `to`
-- from a clock that runs ahead is none before its time has come.
-- params: object_type String, after_id String, last_id String, known_at DateTime64(6, 'UTC'),
--   event_types Array(String), from_types Array(String), to_types Array(String), quiet_us Array(Int64),
--   as_it_arrived Bool, touched Bool, after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), suspended Bool,
--   after_version UInt64
-- columns: object_id, type, occurred_at, received_at, source, event_id, correlation_id, trace_id, amount,
--   currency, legal_entity, region, attributes, holds, amended
-- fragments: conditions
WITH
    candidates AS
    (
        SELECT object_id
        FROM
        (
            SELECT
                object_id,
                duty,
                groupArraySortedIf(51)((occurred_us, received_us), type = {from_types:Array(String)}[duty]) AS starts,
                groupArraySortedIf(51)((occurred_us, received_us), type = {to_types:Array(String)}[duty]) AS stops,
                {quiet_us:Array(Int64)}[duty] AS allowed_us
            FROM
            (
                SELECT
                    object_id,
                    type,
                    toUnixTimestamp64Micro(occurred_at) AS occurred_us,
                    toUnixTimestamp64Micro(received_at) AS received_us
                FROM object_milestones
                WHERE object_type = {object_type:String}
                    AND object_id > {after_id:String}
                    AND ({last_id:String} = '' OR object_id <= {last_id:String})
                    AND received_at <= {known_at:DateTime64(6, 'UTC')}
                    AND (
                        NOT {touched:Bool}
                        OR object_id IN
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
                        )
                    )
                ORDER BY received_us, occurred_us
                LIMIT 1 BY object_id, source, event_id
            )
            ARRAY JOIN arrayFilter(
                number -> type IN ({from_types:Array(String)}[number], {to_types:Array(String)}[number]),
                arrayEnumerate({from_types:Array(String)})) AS duty
            GROUP BY object_id, duty
        )
        -- Fifty are compared with fifty; an object with more is looked at in any case.
        WHERE length(starts) > 50 OR arrayExists(
            start -> NOT arrayExists(
                stop -> stop.1 >= start.1
                    AND stop.1 <= start.1 + allowed_us
                    AND (NOT {as_it_arrived:Bool} OR (
                        stop.2 <= greatest(start.1 + allowed_us, start.2)
                        AND stop.1 <= toUnixTimestamp64Micro({known_at:DateTime64(6, 'UTC')}))),
                stops),
            starts)
    )
SELECT
    object_id, type, occurred_at, received_at, source, event_id, correlation_id, trace_id, amount, currency,
    legal_entity, region, attributes,
    arrayFilter((number, holds) -> ifNull(holds, 0) != 0, arrayEnumerate(conditions), conditions) AS holds,
    amended
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
ORDER BY object_id, occurred_at, source, event_id
