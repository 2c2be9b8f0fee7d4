-- What the engine would have noted of the open orders: when time alone next changes each.
-- params: total UInt64, open_cases UInt64, now_us Int64
INSERT INTO open_duties
SELECT
    'order' AS object_type,
    concat('O-', toString(number)) AS object_id,
    fromUnixTimestamp64Micro({now_us:Int64} + 3600000000 + toInt64(number % 3600) * 1000000, 'UTC') AS due_at,
    fromUnixTimestamp64Micro({now_us:Int64}, 'UTC') AS recorded_at,
    {now_us:Int64} AS version
FROM numbers(intDiv({total:UInt64}, 5) - {open_cases:UInt64}, {open_cases:UInt64})
