-- Stores the calls that became known in (after, through]: of each trace that a span was received of, the serving spans
-- whose parent belongs to another service. A call is known once both were received, which must be within ten minutes of
-- each other; however often its spans were received, it counts when it was known first.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
INSERT INTO hop_calls
    (known_at, trace_id, span_id, from_service, to_service, operation, ended_at, duration_ns, has_failed)
WITH
    touched AS
    (
        SELECT DISTINCT TraceId
        FROM otel_traces
        WHERE ReceivedAt > {after:DateTime64(6, 'UTC')} AND ReceivedAt <= {through:DateTime64(6, 'UTC')}
            AND TraceId != ''
    ),
    extent AS
    (
        SELECT min(Start) AS first_at, max(End) AS last_at
        FROM otel_traces_trace_id_ts
        WHERE TraceId IN (SELECT TraceId FROM touched)
    )
SELECT
    toDateTime(toUInt32(intDiv(known_us + 59999999, 60000000) * 60), 'UTC') AS known_at,
    trace_id, span_id,
    first_pair.1 AS from_service, first_pair.2 AS to_service, first_pair.3 AS operation, first_pair.4 AS ended_at,
    first_pair.5 AS duration_ns, first_pair.6 AS has_failed
FROM
(
    SELECT
        trace_id, span_id,
        min(pair_us) AS known_us,
        argMin(
            (caller, service, operation, ended_at, duration_ns, has_failed),
            (pair_us, served_us, calling_us)) AS first_pair
    FROM
    (
        SELECT
            served.TraceId AS trace_id,
            served.SpanId AS span_id,
            toString(calling.ServiceName) AS caller,
            toString(served.ServiceName) AS service,
            toString(served.SpanName) AS operation,
            toDateTime64(served.Timestamp + toIntervalNanosecond(served.Duration), 6, 'UTC') AS ended_at,
            served.Duration AS duration_ns,
            served.StatusCode = 'Error' AS has_failed,
            toUnixTimestamp64Micro(served.ReceivedAt) AS served_us,
            toUnixTimestamp64Micro(calling.ReceivedAt) AS calling_us,
            greatest(served_us, calling_us) AS pair_us
        FROM
        (
            SELECT TraceId, SpanId, ParentSpanId, ServiceName, SpanName, Timestamp, Duration, StatusCode, ReceivedAt
            FROM otel_traces
            WHERE SpanKind IN ('Server', 'Consumer') AND ParentSpanId != ''
                AND TraceId IN (SELECT TraceId FROM touched)
                AND toDateTime(Timestamp) >= (SELECT first_at FROM extent)
                AND toDateTime(Timestamp) <= (SELECT last_at FROM extent)
                AND ReceivedAt <= {through:DateTime64(6, 'UTC')}
        ) AS served
        INNER JOIN
        (
            SELECT TraceId, SpanId, ServiceName, ReceivedAt
            FROM otel_traces
            WHERE TraceId IN (SELECT TraceId FROM touched)
                AND toDateTime(Timestamp) >= (SELECT first_at FROM extent)
                AND toDateTime(Timestamp) <= (SELECT last_at FROM extent)
                AND ReceivedAt <= {through:DateTime64(6, 'UTC')}
        ) AS calling ON served.TraceId = calling.TraceId AND served.ParentSpanId = calling.SpanId
        WHERE served.ServiceName != calling.ServiceName
            AND abs(served_us - calling_us) <= 600000000
    )
    GROUP BY trace_id, span_id
    HAVING known_us > toUnixTimestamp64Micro({after:DateTime64(6, 'UTC')})
        AND known_us <= toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})
)
