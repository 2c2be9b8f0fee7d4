-- Stores what telemetry says of why these alerts stand, by what was received by `through`: of the traces that each was
-- matched with the hop that was reached last and the calls that failed, and the message it waits for, where that was
-- refused at the door or parked by the middleware.
-- A span that failed with no failed child is where a failure began. Failures of one kind have the service, the operation
-- and the text of the error in common, the text without what differs from case to case: ids, numbers, instants. What
-- failed before the clock started is no reason (five minutes are forgiven), what worked later hardly one: it comes last.
-- params: objects Array(Tuple(String, String)), alert_ids Array(String), through DateTime64(6, 'UTC'),
--   recorded_at DateTime64(6, 'UTC'), parked_type String, unparked_type String
INSERT INTO alert_causes
    (alert_id, kind, service, operation, error, signature, seen_at, recorded_at, spans, last_hop, failures,
    failed_calls, dead_letter, pattern)
WITH
    (text) -> replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(
        substringUTF8(text, 1, 300),
        '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}', '<uuid>'),
        '\\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?|\\b[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]+)?', '<time>'),
        '\\b(?:0x[0-9a-fA-F]+|[0-9a-fA-F]{12,})\\b', '<hex>'),
        '(?i)\\b[0-9]+(?:[.,][0-9]+)*(?: ?(?:ns|us|ms|s|min|h|d|b|kb|mb|gb))?\\b', '<n>'),
        '[A-Za-z_][A-Za-z0-9_]*[-#:/]?[A-Za-z_]*(?:<n>|[0-9])[A-Za-z0-9_-]*', '<id>') AS pattern_of,
    (service, operation, pattern) -> lower(hex(MD5(concat(service, '\0', operation, '\0', pattern)))) AS signature_of,
    asked AS
    (
        SELECT
            alert_id, object_type, object_id, ifNull(correlation_id, '') AS run, started_at, trace_ids,
            JSONExtract(evidence, 'awaits', 'Array(String)') AS awaits
        FROM alert_states
        WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))}
            AND alert_id IN {alert_ids:Array(String)}
        ORDER BY version DESC
        LIMIT 1 BY alert_id
    ),
    traces AS
    (
        SELECT min(Start) AS first_at, max(End) AS last_at
        FROM otel_traces_trace_id_ts
        WHERE TraceId IN (SELECT arrayJoin(trace_ids) FROM asked)
    ),
    -- A span that failed stands twice: as itself, and for its parent as a child that failed.
    calls AS
    (
        SELECT
            TraceId AS trace_id,
            role.1 AS span_id,
            anyIf(toString(ServiceName), role.2) AS service,
            anyIf(toString(SpanName), role.2) AS operation,
            minIf(toDateTime64(Timestamp, 6, 'UTC'), role.2) AS at,
            minIf(ReceivedAt, role.2) AS received_at,
            maxIf(StatusCode = 'Error', role.2) AS has_failed,
            countIf(NOT role.2) = 0 AS is_origin,
            anyIf(Events.Attributes[indexOf(Events.Name, 'exception')], role.2 AND StatusCode = 'Error') AS thrown,
            anyIf(StatusMessage, role.2 AND StatusCode = 'Error') AS message,
            thrown['exception.type'] AS type,
            if(thrown['exception.message'] != '', thrown['exception.message'], message) AS words,
            if(has_failed, substringUTF8(
                multiIf(
                    type = '' AND words = '', 'error without a message',
                    type = '' OR startsWith(words, type), words,
                    words = '', type,
                    concat(type, ': ', words)), 1, 1000), '') AS error
        FROM otel_traces
        ARRAY JOIN if(StatusCode = 'Error', [(SpanId, true), (ParentSpanId, false)], [(SpanId, true)]) AS role
        WHERE TraceId IN (SELECT arrayJoin(trace_ids) FROM asked)
            AND toDateTime(Timestamp) >= (SELECT first_at FROM traces)
            AND toDateTime(Timestamp) <= (SELECT last_at FROM traces)
            AND ReceivedAt <= {through:DateTime64(6, 'UTC')}
        GROUP BY trace_id, span_id
        HAVING countIf(role.2) > 0
    ),
    kinds AS
    (
        SELECT
            trace_id, service, operation, has_failed,
            if(has_failed, pattern_of(error), '') AS pattern,
            argMax((error, trace_id, span_id), (at, span_id)) AS latest,
            max(is_origin) AS begins,
            count() AS number,
            min(at) AS since,
            max(at) AS until,
            max(received_at) AS heard_at,
            maxIf(until, NOT has_failed) OVER (PARTITION BY trace_id, service, operation) > until AS recovered
        FROM calls
        GROUP BY trace_id, service, operation, has_failed, pattern
    ),
    seen AS
    (
        SELECT
            alert_id, service, operation, pattern, has_failed,
            has_failed AND until >= started_at - INTERVAL 5 MINUTE AS counts,
            argMax(latest, (until, latest.3)) AS example,
            max(begins) AS is_origin,
            argMax(recovered, (until, latest.3)) AS has_recovered,
            sum(number) AS times,
            min(since) AS first_at,
            max(until) AS last_at,
            max(heard_at) AS received_at
        FROM (SELECT alert_id, started_at, arrayJoin(trace_ids) AS trace_id FROM asked) AS wanted
        INNER JOIN kinds USING trace_id
        GROUP BY alert_id, service, operation, pattern, has_failed, counts
    ),
    by_alert AS
    (
        SELECT
            alert_id,
            sum(times) AS spans,
            max(received_at) AS heard_at,
            argMax((service, operation, last_at, has_failed), (last_at, example.3)) AS last_hop,
            countIf(counts) AS failures,
            groupArraySortedIf(5)(
                (
                    (has_recovered, NOT is_origin, -toUnixTimestamp64Micro(last_at), -toInt64(times)),
                    (
                        service, operation, example.1, pattern, signature_of(service, operation, pattern), is_origin,
                        has_recovered, times, first_at, last_at, example.2, example.3
                    )
                ), counts) AS ranked,
            arrayMap(one -> one.2, ranked) AS failed_calls
        FROM seen
        GROUP BY alert_id
    ),
    refused AS
    (
        SELECT
            alert_id, 1 AS rank, source AS service, letter.type AS operation, concat(code, ': ', reason) AS error,
            (dead_letter_id, received_at, channel, code, reason, source, letter.type) AS dead_letter
        FROM
        (
            SELECT
                alert_id, object_type, awaits,
                arrayJoin([concat(object_type, '/', object_id), concat('/', run)]) AS mention
            FROM asked
        ) AS wanted
        INNER JOIN
        (
            SELECT *
            FROM dead_letter_mentions
            WHERE received_at <= {through:DateTime64(6, 'UTC')}
                AND mention IN
                (
                    SELECT arrayJoin([concat(object_type, '/', object_id), concat('/', run)]) FROM asked
                )
                AND dead_letter_id NOT IN (SELECT dead_letter_id FROM dead_letter_states WHERE state != 'waiting')
        ) AS letter USING mention
        -- What names an object of the type itself is about that one, whichever run it belongs to.
        WHERE (mention NOT LIKE '/%' OR NOT has(object_types, object_type))
            AND arrayExists(awaited -> letter.type = awaited OR endsWith(letter.type, concat('.', awaited)), awaits)
    ),
    parked AS
    (
        SELECT
            alert_id, 2 AS rank,
            if(told.attributes['hop'] != '', told.attributes['hop'], told.source) AS service,
            if(told.attributes['flow'] != '', told.attributes['flow'], told.attributes['queue']) AS operation,
            told.attributes['error'] AS error,
            (told.event_id, told.received_at, 'middleware', 'parked', error, told.source, told.type) AS dead_letter
        FROM asked
        INNER JOIN
        (
            SELECT
                object_type, object_id,
                argMax(
                    CAST(
                        (type, source, event_id, received_at, attributes),
                        'Tuple(type String, source String, event_id String, received_at DateTime64(6, \'UTC\'), attributes Map(String, String))'),
                    (occurred_at, source, event_id)) AS told,
                max(occurred_at) AS told_at
            FROM object_milestones
            WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM asked)
                AND type IN ({parked_type:String}, {unparked_type:String})
                AND received_at <= {through:DateTime64(6, 'UTC')}
            GROUP BY object_type, object_id
        ) AS parked USING (object_type, object_id)
        WHERE told.type = {parked_type:String} AND told_at >= started_at
    ),
    letters AS
    (
        SELECT
            alert_id,
            argMin((rank, service, operation, error, dead_letter), (rank, -toUnixTimestamp64Micro(dead_letter.2), dead_letter.1)) AS letter
        FROM (SELECT * FROM refused UNION ALL SELECT * FROM parked)
        GROUP BY alert_id
    )
SELECT
    alert_id,
    multiIf(letter.1 = 1, 'dead_letter', call.5 != '', 'failed_call', letter.1 = 2, 'dead_letter', 'unknown') AS kind,
    multiIf(kind = 'failed_call', call.1, kind = 'dead_letter', letter.2, '') AS service,
    multiIf(kind = 'failed_call', call.2, kind = 'dead_letter', letter.3, '') AS operation,
    multiIf(kind = 'failed_call', call.3, kind = 'dead_letter', letter.4, '') AS error,
    multiIf(
        kind = 'failed_call', call.5,
        kind = 'dead_letter', signature_of(service, operation, pattern_of(error)),
        '') AS signature,
    nullIf(greatest(heard_at, letter.5.2), toDateTime64(0, 6, 'UTC')) AS seen_at,
    {recorded_at:DateTime64(6, 'UTC')} AS recorded_at,
    spans, last_hop, failures, failed_calls, letter.5 AS dead_letter,
    multiIf(kind = 'failed_call', call.4, kind = 'dead_letter', pattern_of(error), '') AS pattern
FROM
(
    SELECT *, arrayFirst(one -> NOT one.7, failed_calls) AS call
    FROM asked
    LEFT JOIN by_alert USING alert_id
    LEFT JOIN letters USING alert_id
)
WHERE spans > 0 OR letter.1 > 0
    OR alert_id IN (SELECT alert_id FROM alert_causes WHERE alert_id IN {alert_ids:Array(String)})
