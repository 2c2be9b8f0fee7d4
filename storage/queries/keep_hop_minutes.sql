-- Counts the kept calls that became known in the minutes that end in (after, through], by the minute in which they ended.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), version UInt64
INSERT INTO hop_minutes (minute, from_service, to_service, known_at, calls, failed, durations, version)
SELECT
    minute, from_service, to_service, known_at, sum(number) AS calls, sum(failed_number) AS failed,
    CAST((groupArray(duration), groupArray(number)), 'Map(UInt64, UInt64)') AS durations,
    {version:UInt64}
FROM
(
    SELECT
        toStartOfMinute(toDateTime(ended_at, 'UTC')) AS minute,
        from_service, to_service, known_at,
        toUInt64(intExp10(greatest(toInt64(length(toString(duration_ns))) - 3, 0))) AS digit,
        intDiv(duration_ns + intDiv(digit, 2), digit) * digit AS duration,
        count() AS number,
        countIf(has_failed) AS failed_number
    FROM hop_calls FINAL
    WHERE known_at > {after:DateTime64(6, 'UTC')} AND known_at <= {through:DateTime64(6, 'UTC')}
    GROUP BY minute, from_service, to_service, known_at, digit, duration
)
GROUP BY minute, from_service, to_service, known_at
