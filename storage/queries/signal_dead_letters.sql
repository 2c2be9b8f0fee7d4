-- Inputs that could not be taken, at each of `steps` minutes from `first` on, of those received in the window before the
-- minute and by `known_at`; no row where there was none.
-- params: per Array(String), first DateTime64(6, 'UTC'), steps UInt32, window_us Int64, known_at DateTime64(6, 'UTC')
-- columns: at, labels, value
WITH toUnixTimestamp64Micro({first:DateTime64(6, 'UTC')}) AS first_us
SELECT
    fromUnixTimestamp64Micro(first_us + step * 60000000, 'UTC') AS at,
    labels,
    toFloat64(uniqExact(dead_letter_id)) AS value
FROM
(
    SELECT
        dead_letter_id,
        toUnixTimestamp64Micro(received_at) AS received_us,
        arrayMap(name -> multiIf(
            name = 'channel', toString(channel), name = 'code', toString(code), source), {per:Array(String)}) AS labels,
        arrayJoin(range(
            toUInt32(intDiv(greatest(received_us - first_us, 0) + 59999999, 60000000)),
            toUInt32(least({steps:UInt32},
                intDiv(greatest(received_us + {window_us:Int64} - first_us, 0) + 59999999, 60000000))))) AS step
    FROM dead_letters
    WHERE received_at > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64})
        AND received_at <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
        AND received_at <= {known_at:DateTime64(6, 'UTC')}
)
GROUP BY step, labels
