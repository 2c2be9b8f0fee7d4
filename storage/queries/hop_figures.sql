-- How calls of each hop went that ended in [since, until) and became known in (known_after, known_through]: in slices of
-- `slice_seconds` from `since` on, all in slice 0 where that is 0. Of a slice without a call there is no row. Latencies are
-- of the call that so many of all were not slower than, in seconds to three digits.
-- params: since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), known_after DateTime64(6, 'UTC'),
--   known_through DateTime64(6, 'UTC'), slice_seconds UInt32
-- columns: from_service, to_service, slice, calls, failed, p50, p95, p99
SELECT
    from_service, to_service, slice, calls, failed,
    keys[arrayFirstIndex(upto -> upto > floor(0.5 * calls), counted)] / 1e9 AS p50,
    keys[arrayFirstIndex(upto -> upto > floor(0.95 * calls), counted)] / 1e9 AS p95,
    keys[arrayFirstIndex(upto -> upto > floor(0.99 * calls), counted)] / 1e9 AS p99
FROM
(
    SELECT
        toString(from_service) AS from_service,
        toString(to_service) AS to_service,
        if({slice_seconds:UInt32} = 0, 0, intDiv(
            toUnixTimestamp(minute) - intDiv(toUnixTimestamp64Micro({since:DateTime64(6, 'UTC')}), 1000000),
            greatest({slice_seconds:UInt32}, 1))) AS slice,
        sum(calls) AS calls,
        sum(failed) AS failed,
        sumMap(mapKeys(durations), mapValues(durations)) AS summed,
        summed.1 AS keys,
        arrayCumSum(summed.2) AS counted
    FROM hop_minutes FINAL
    WHERE minute >= {since:DateTime64(6, 'UTC')} AND minute < {until:DateTime64(6, 'UTC')}
        AND known_at > {known_after:DateTime64(6, 'UTC')} AND known_at <= {known_through:DateTime64(6, 'UTC')}
    GROUP BY from_service, to_service, slice
)
ORDER BY from_service, to_service, slice
