-- Share of calls from one service to another that ended in an error, at each of `steps` minutes from `first` on, of those
-- known in the window before the minute and by `known_at`. A call is the serving span whose parent belongs to
-- another service; it is known once both were received, which must be within ten minutes of each other. A span that is
-- stored again within ten minutes counts where it came first.
-- params: per Array(String), first DateTime64(6, 'UTC'), steps UInt32, window_us Int64, known_at DateTime64(6, 'UTC')
-- columns: at, labels, value
WITH toUnixTimestamp64Micro({first:DateTime64(6, 'UTC')}) AS first_us
SELECT
    fromUnixTimestamp64Micro(first_us + step * 60000000, 'UTC') AS at,
    labels,
    avg(failed) AS value
FROM
(
    SELECT
        status = 'Error' AS failed,
        toUnixTimestamp64Micro(greatest(served.received_at, calling.received_at)) AS known_us,
        arrayMap(name -> toString(if(name = 'from_service', calling.service, served.service)),
            {per:Array(String)}) AS labels,
        arrayJoin(range(
            toUInt32(intDiv(greatest(known_us - first_us, 0) + 59999999, 60000000)),
            toUInt32(least({steps:UInt32},
                intDiv(greatest(known_us + {window_us:Int64} - first_us, 0) + 59999999, 60000000))))) AS step
    FROM
    (
        SELECT
            TraceId AS trace_id,
            SpanId AS span_id,
            min(ReceivedAt) AS received_at,
            argMin(ParentSpanId, ReceivedAt) AS parent_id,
            argMin(ServiceName, ReceivedAt) AS service,
            argMin(StatusCode, ReceivedAt) AS status
        FROM otel_traces
        WHERE SpanKind IN ('Server', 'Consumer') AND ParentSpanId != ''
            AND ReceivedAt > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64}) - toIntervalMinute(10)
            AND ReceivedAt <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
            AND ReceivedAt <= {known_at:DateTime64(6, 'UTC')}
        GROUP BY trace_id, span_id
    ) AS served
    INNER JOIN
    (
        SELECT
            TraceId AS trace_id,
            SpanId AS span_id,
            min(ReceivedAt) AS received_at,
            argMin(ServiceName, ReceivedAt) AS service
        FROM otel_traces
        WHERE ReceivedAt > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64}) - toIntervalMinute(10)
            AND ReceivedAt <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
            AND ReceivedAt <= {known_at:DateTime64(6, 'UTC')}
        GROUP BY trace_id, span_id
    ) AS calling ON served.trace_id = calling.trace_id AND served.parent_id = calling.span_id
    WHERE served.service != calling.service
        AND abs(dateDiff('microsecond', served.received_at, calling.received_at)) <= 600000000
)
GROUP BY step, labels
