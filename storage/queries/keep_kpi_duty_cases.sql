-- Brings the kept cases of one KPI over the duties of one milestone rule in line with what was received and recorded in
-- (after, through] of a stretch of objects, as keep_kpi_cases does. The statement that finds the cases reads `duties`: each
-- clock that a `from` started for which the condition holds, when its `to` met it in time (met_at), and when it was broken
-- (broken_at), which the alerts of the rule say. One that an `unless` ended in time is none.
-- params: kpi String, definition String, object_type String, after_id String, last_id String, touched Bool,
--   after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), rule String, handoff String, from_type String,
--   to_type String, unless_types Array(String), pairing String, skew_us Int64, segment String
-- fragments: cases, conditions
INSERT INTO kpi_cases
(
    kpi, definition, day, object_type, object_id, case_id, started_at, ended_at, value, amount, currency, legal_entity,
    region, source, segment, handoff, rule, version, is_deleted
)
WITH
    looked_at AS MATERIALIZED
    (
        SELECT object_id
        FROM object_milestones
        WHERE {touched:Bool}
            AND object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND (type IN ({from_type:String}, {to_type:String}) OR type IN {unless_types:Array(String)}
                OR isNotNull(amount) OR legal_entity != '' OR region != '' OR attributes[{segment:String}] != '')
            AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
        UNION DISTINCT
        SELECT object_id
        FROM alert_transitions
        WHERE {touched:Bool}
            AND object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND alert = {rule:String}
            AND recorded_at > {after:DateTime64(6, 'UTC')} AND recorded_at <= {through:DateTime64(6, 'UTC')}
    ),
    stated AS MATERIALIZED
    (
        SELECT
            object_type, object_id, type, occurred_at, received_at, source, event_id, correlation_id, amount, currency,
            legal_entity, region, attributes
        FROM object_milestones
        WHERE object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND received_at <= {through:DateTime64(6, 'UTC')}
            AND (NOT {touched:Bool} OR object_id IN (SELECT object_id FROM looked_at))
        ORDER BY received_at, occurred_at
        LIMIT 1 BY object_id, source, event_id
    ),
    facts AS
    (
        SELECT
            object_id,
            argMaxIf((amount, currency), (occurred_at, source, event_id), isNotNull(amount)) AS money,
            argMaxIf(legal_entity, (occurred_at, source, event_id), legal_entity != '') AS legal_entity,
            argMaxIf(region, (occurred_at, source, event_id), region != '') AS region,
            argMaxIf(attributes[{segment:String}], (occurred_at, source, event_id),
                attributes[{segment:String}] != '') AS segment
        FROM stated
        GROUP BY object_id
    ),
    known AS
    (
        SELECT *, arrayJoin([true, false]) AS is_past
        FROM stated
        WHERE received_at <= if(is_past, {after:DateTime64(6, 'UTC')}, {through:DateTime64(6, 'UTC')})
    ),
    clocks AS
    (
        SELECT
            is_past,
            object_id,
            arraySort(groupArrayIf((toUnixTimestamp64Micro(occurred_at), source, event_id, amount, currency), starts))
                AS every_start,
            if({pairing:String} = 'first', arraySlice(every_start, 1, 1), every_start) AS froms,
            arraySort(groupArrayIf(toUnixTimestamp64Micro(occurred_at), type = {to_type:String})) AS tos,
            arraySort(groupArrayIf(toUnixTimestamp64Micro(occurred_at), type IN {unless_types:Array(String)})) AS endings,
            -- With one_to_one the place of each start's own `to`: each takes one later than that of the start before.
            arrayFold(
                (places, start) -> arrayPushBack(places, greatest(
                    places[-1] + 1, toInt64(arrayCount(at -> at < start.1 - {skew_us:Int64}, tos)) + 1)),
                froms, CAST([0], 'Array(Int64)')) AS places,
            arrayJoin(arrayZip(froms, arrayPopFront(places))) AS clock,
            clock.1 AS start,
            if({pairing:String} = 'one_to_one', arraySlice(tos, clock.2, 1),
                arraySlice(arrayFilter(at -> at >= start.1 - {skew_us:Int64}, tos), 1, 1)) AS own,
            if(empty(own), NULL, own[1]) AS to_us,
            arrayFirstOrNull(at -> at >= start.1 - {skew_us:Int64}, endings) AS unless_us,
            fromUnixTimestamp64Micro(start.1, 'UTC') AS started_at
        FROM
        (
            SELECT *, type = {from_type:String} AND /*{conditions}*/[1] != 0 AS starts
            FROM
            (
                SELECT
                    is_past,
                    object_type,
                    object_id,
                    type,
                    occurred_at,
                    received_at,
                    source,
                    event_id,
                    nullIf(correlation_id, '') AS correlation_id,
                    anyLast(known.amount) OVER earlier AS amount,
                    nullIf(anyLast(if(isNull(known.amount), NULL, toString(known.currency))) OVER earlier, '') AS currency,
                    anyLast(nullIf(toString(known.legal_entity), '')) OVER earlier AS legal_entity,
                    anyLast(nullIf(toString(known.region), '')) OVER earlier AS region,
                    attributes
                FROM known
                WINDOW earlier AS
                (
                    PARTITION BY is_past, object_id ORDER BY occurred_at, source, event_id ROWS UNBOUNDED PRECEDING
                )
            )
        )
        WHERE starts OR type = {to_type:String} OR type IN {unless_types:Array(String)}
        GROUP BY is_past, object_id
    ),
    broken AS
    (
        -- By the event that started the clock, since several may begin at one instant; empty where an alert names none.
        SELECT is_past, object_id, started_at, mapFromArrays(groupArray(clock), groupArray(broken_at)) AS by_clock
        FROM
        (
            SELECT
                is_past,
                object_id,
                alert_id,
                argMax((changes.started_at, changes.fired_at, changes.state, changes.evidence), version) AS latest,
                latest.1 AS started_at,
                if(latest.3 IN ('firing', 'resolved'), latest.2, NULL) AS broken_at,
                if({pairing:String} = 'first' OR NOT JSONHas(latest.4, 'started_by'), '', concat(
                    JSONExtractString(latest.4, 'started_by', 'source'), ' ',
                    JSONExtractString(latest.4, 'started_by', 'event_id'))) AS clock
            FROM
            (
                SELECT *, arrayJoin([true, false]) AS is_past
                FROM alert_transitions FINAL
                WHERE object_type = {object_type:String}
                    AND object_id > {after_id:String}
                    AND ({last_id:String} = '' OR object_id <= {last_id:String})
                    AND alert = {rule:String}
                    AND (NOT {touched:Bool} OR object_id IN (SELECT object_id FROM looked_at))
            ) AS changes
            WHERE recorded_at <= if(is_past, {after:DateTime64(6, 'UTC')}, {through:DateTime64(6, 'UTC')})
            GROUP BY is_past, object_id, alert_id
            HAVING isNotNull(broken_at)
        )
        GROUP BY is_past, object_id, started_at
    ),
    owed AS MATERIALIZED
    (
        SELECT
            is_past,
            object_id,
            concat({rule:String}, if({pairing:String} = 'first', '', ' '), clock) AS duty_id,
            clocks.started_at AS started_at,
            if({pairing:String} = 'first', '', concat(start.2, ' ', start.3)) AS clock,
            multiIf(
                mapContains(by_clock, clock), by_clock[clock],
                mapContains(by_clock, ''), by_clock[''],
                NULL) AS broken_at,
            if(isNull(broken_at) AND isNotNull(to_us), fromUnixTimestamp64Micro(assumeNotNull(to_us), 'UTC'), NULL) AS met_at,
            start.4 AS amount,
            ifNull(start.5, '') AS currency,
            start.2 AS source
        FROM clocks
        LEFT JOIN broken USING (is_past, object_id, started_at)
        WHERE isNotNull(broken_at) OR isNull(unless_us) OR ifNull(to_us <= unless_us, false)
    )
SELECT
    {kpi:String},
    {definition:String},
    if(isNull(cases.ended_at), toDate(0), toDate(assumeNotNull(cases.ended_at))) AS day,
    {object_type:String},
    cases.object_id,
    cases.case_id,
    cases.started_at,
    cases.ended_at,
    cases.value,
    if(isNull(cases.amount), facts.money.1, cases.amount) AS amount,
    if(isNull(cases.amount), facts.money.2, cases.currency) AS currency,
    facts.legal_entity,
    facts.region,
    cases.source,
    facts.segment,
    {handoff:String},
    {rule:String},
    2 * toUInt64(toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})) + NOT is_past AS version,
    is_past
FROM
(
    SELECT object_id, case_id, started_at, ended_at, value, amount, currency, source, true AS is_past
    FROM
    (
        WITH duties AS (SELECT * EXCEPT (is_past, clock) FROM owed WHERE is_past)
        SELECT * FROM (
            /*{cases}*/
        )
    )
    UNION ALL
    SELECT object_id, case_id, started_at, ended_at, value, amount, currency, source, false AS is_past
    FROM
    (
        WITH duties AS (SELECT * EXCEPT (is_past, clock) FROM owed WHERE NOT is_past)
        SELECT * FROM (
            /*{cases}*/
        )
    )
) AS cases
LEFT JOIN facts ON facts.object_id = cases.object_id
SETTINGS enable_materialized_cte = 1
