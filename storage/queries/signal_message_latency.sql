-- Seconds within which 95 of 100 events were received after they occurred, at each of `steps` minutes from `first` on, of
-- what was received in the window before the minute and by `known_at`. An event taken twice counts once. What occurred
-- over a minute before its source was heard for the first time does not count: nobody could have received it sooner.
-- params: per Array(String), first DateTime64(6, 'UTC'), steps UInt32, window_us Int64, known_at DateTime64(6, 'UTC')
-- columns: at, labels, value
WITH toUnixTimestamp64Micro({first:DateTime64(6, 'UTC')}) AS first_us
SELECT
    fromUnixTimestamp64Micro(first_us + step * 60000000, 'UTC') AS at,
    labels,
    quantileExact(0.95)(lag_us) / 1000000 AS value
FROM
(
    SELECT step, labels, min(lag_us) AS lag_us
    FROM
    (
        SELECT
            source,
            event_id,
            received_us - toUnixTimestamp64Micro(occurred_at) AS lag_us,
            toUnixTimestamp64Micro(received_at) AS received_us,
            arrayMap(name -> multiIf(
                name = 'source', toString(source),
                name = 'event_type', toString(type),
                name = 'legal_entity', toString(legal_entity),
                name = 'region', toString(region),
                toString(currency)), {per:Array(String)}) AS labels,
            arrayJoin(range(
                toUInt32(intDiv(greatest(received_us - first_us, 0) + 59999999, 60000000)),
                toUInt32(least({steps:UInt32},
                    intDiv(greatest(received_us + {window_us:Int64} - first_us, 0) + 59999999, 60000000))))) AS step
        FROM events
        LEFT JOIN
        (
            SELECT heard.source AS source, min(heard.first_received_at) AS first_heard_at
            FROM source_freshness AS heard
            GROUP BY heard.source
        ) AS known USING (source)
        WHERE occurred_at >= known.first_heard_at - INTERVAL 1 MINUTE
            AND received_at > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond({window_us:Int64})
            AND received_at <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
            AND received_at <= {known_at:DateTime64(6, 'UTC')}
    )
    GROUP BY step, labels, source, event_id
)
GROUP BY step, labels
