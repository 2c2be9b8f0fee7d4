-- Seconds that 95 of 100 calls from one service to another took at most, at each of `steps` minutes from `first` on, of
-- those known in the window before the minute and by `known_at`. A call is the serving span whose parent belongs to
-- another service; it is known once both were received, which must be within ten minutes of each other. A span that was
-- sent twice counts once.
-- params: per Array(String), first DateTime64(6, 'UTC'), steps UInt32, window_us Int64, known_at DateTime64(6, 'UTC')
-- columns: at, labels, value
WITH toUnixTimestamp64Micro({first:DateTime64(6, 'UTC')}) AS first_us
SELECT
    fromUnixTimestamp64Micro(first_us + step * 60000000, 'UTC') AS at,
    labels,
    quantileExact(0.95)(duration_ns) / 1000000000 AS value
FROM
(
    SELECT step, labels, max(took_ns) AS duration_ns
    FROM
    (
        SELECT
            served.TraceId AS trace_id,
            served.SpanId AS span_id,
            served.Duration AS took_ns,
            toUnixTimestamp64Micro(greatest(served.ReceivedAt, calling.ReceivedAt)) AS known_us,
            arrayMap(name -> toString(if(name = 'from_service', calling.ServiceName, served.ServiceName)),
                {per:Array(String)}) AS labels,
            arrayJoin(range(
                toUInt32(intDiv(greatest(known_us - first_us, 0) + 59999999, 60000000)),
                toUInt32(least({steps:UInt32},
                    intDiv(greatest(known_us + {window_us:Int64} - first_us, 0) + 59999999, 60000000))))) AS step
        FROM
        (
            SELECT TraceId, SpanId, ParentSpanId, ServiceName, ReceivedAt, StatusCode, Duration
            FROM otel_traces
            WHERE SpanKind IN ('Server', 'Consumer') AND ParentSpanId != ''
                AND ReceivedAt > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64}) - toIntervalMinute(10)
                AND ReceivedAt <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
                AND ReceivedAt <= {known_at:DateTime64(6, 'UTC')}
        ) AS served
        INNER JOIN
        (
            SELECT TraceId, SpanId, ServiceName, ReceivedAt
            FROM otel_traces
            WHERE ReceivedAt > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64}) - toIntervalMinute(10)
                AND ReceivedAt <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
                AND ReceivedAt <= {known_at:DateTime64(6, 'UTC')}
        ) AS calling ON served.TraceId = calling.TraceId AND served.ParentSpanId = calling.SpanId
        WHERE served.ServiceName != calling.ServiceName
            AND abs(dateDiff('microsecond', served.ReceivedAt, calling.ReceivedAt)) <= 600000000
    )
    GROUP BY step, labels, trace_id, span_id
)
GROUP BY step, labels
