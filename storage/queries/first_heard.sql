-- Since when each source speaks.
-- columns: source, first_received_at
SELECT source, min(first_received_at) AS first_received_at
FROM source_freshness
GROUP BY source
ORDER BY source
