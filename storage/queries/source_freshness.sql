-- When each source last spoke, of each event type and (where type is empty) of anything, and what it sent since an
-- instant. With `fold`, sources and types that are not listed count together, as `other`.
-- params: since DateTime64(6, 'UTC'), fold Bool, sources Array(String), types Array(String)
-- columns: source, type, last_received_at, last_occurred_at, events, lag_us, longest_lag_us
SELECT source, type, last_received_at, last_occurred_at, events, lag_us, longest_lag_us
FROM
(
    SELECT source, type, max(received_at) AS last_received_at, max(occurred_at) AS last_occurred_at
    FROM
    (
        SELECT
            if({fold:Bool} AND NOT has({sources:Array(String)}, source), 'other', source) AS source,
            if({fold:Bool} AND NOT has({types:Array(String)}, type), 'other', type) AS type,
            last_received_at AS received_at,
            last_occurred_at AS occurred_at
        FROM source_freshness
    )
    GROUP BY GROUPING SETS ((source, type), (source))
) AS heard
LEFT JOIN
(
    SELECT
        source, type, sum(noted) AS events,
        quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(lag) AS lag_us,
        max(longest) AS longest_lag_us
    FROM
    (
        -- First by the table's own names: a thousand rows of a pair become one before they are added up twice.
        SELECT
            if({fold:Bool} AND NOT has({sources:Array(String)}, traffic.source), 'other', traffic.source) AS source,
            if({fold:Bool} AND NOT has({types:Array(String)}, traffic.type), 'other', traffic.type) AS type,
            sum(events) AS noted,
            quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(lag_us) AS lag,
            max(longest_lag_us) AS longest
        FROM source_traffic AS traffic FINAL
        WHERE minute >= {since:DateTime64(6, 'UTC')}
        GROUP BY traffic.source, traffic.type
    )
    GROUP BY GROUPING SETS ((source, type), (source))
) AS sent USING (source, type)
ORDER BY source, type
