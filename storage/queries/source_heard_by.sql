-- When each source had last spoken by an instant, of each event type and (where type is empty) of anything. Of what
-- was noted together and began before the instant, but ended after it, the beginning counts: less than a minute earlier.
-- params: at DateTime64(6, 'UTC')
-- columns: source, type, last_received_at
SELECT source, type, max(received_at) AS last_received_at
FROM
(
    SELECT source, type, max(last_received_at) AS received_at
    FROM source_freshness
    GROUP BY source, type
    HAVING received_at <= {at:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT
        source, type,
        max(if(last_received_at <= {at:DateTime64(6, 'UTC')}, last_received_at, first_received_at)) AS received_at
    FROM source_traffic
    WHERE minute <= {at:DateTime64(6, 'UTC')}
        AND first_received_at <= {at:DateTime64(6, 'UTC')}
        AND (source, type) IN
        (
            SELECT source, type FROM source_freshness
            GROUP BY source, type
            HAVING max(last_received_at) > {at:DateTime64(6, 'UTC')}
        )
    GROUP BY source, type
)
GROUP BY GROUPING SETS ((source, type), (source))
ORDER BY source, type
