-- When each source last spoke, of anything at all.
-- columns: source, last_received_at, last_occurred_at
SELECT source, max(last_received_at) AS last_received_at, max(last_occurred_at) AS last_occurred_at
FROM source_freshness
GROUP BY source
ORDER BY source
