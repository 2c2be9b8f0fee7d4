-- Traces with a span of status Error, at each of `steps` minutes from `first` on, of the spans that were received in the
-- window before the minute and by `known_at`; no row where no span was. A span of status Error that is stored again
-- within ten minutes counts where it came first; of others that they are there is all that counts.
-- params: per Array(String), first DateTime64(6, 'UTC'), steps UInt32, window_us Int64, known_at DateTime64(6, 'UTC')
-- columns: at, labels, value
WITH toUnixTimestamp64Micro({first:DateTime64(6, 'UTC')}) AS first_us
SELECT
    fromUnixTimestamp64Micro(first_us + step * 60000000, 'UTC') AS at,
    labels,
    toFloat64(uniqExactIf(failed_trace_id, failed_trace_id != '')) AS value
FROM
(
    SELECT
        failed_trace_id,
        toUnixTimestamp64Micro(received_at) AS received_us,
        arrayMap(name -> toString(service), {per:Array(String)}) AS labels,
        arrayJoin(range(
            toUInt32(intDiv(greatest(received_us - first_us, 0) + 59999999, 60000000)),
            toUInt32(least({steps:UInt32},
                intDiv(greatest(received_us + {window_us:Int64} - first_us, 0) + 59999999, 60000000))))) AS step
    FROM
    (
        SELECT '' AS failed_trace_id, ReceivedAt AS received_at, ServiceName AS service
        FROM otel_traces
        WHERE ReceivedAt > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64})
            AND ReceivedAt <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
            AND ReceivedAt <= {known_at:DateTime64(6, 'UTC')}
        UNION ALL
        SELECT TraceId AS failed_trace_id, min(ReceivedAt) AS received_at, argMin(ServiceName, ReceivedAt) AS service
        FROM otel_traces
        WHERE StatusCode = 'Error'
            AND ReceivedAt > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64}) - toIntervalMinute(10)
            AND ReceivedAt <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
            AND ReceivedAt <= {known_at:DateTime64(6, 'UTC')}
        GROUP BY TraceId, SpanId
    )
)
GROUP BY step, labels
