-- Which sources have sent events of some types, with since when.
-- params: types Array(String)
-- columns: type, source, first_received_at
SELECT toString(type) AS type, toString(source) AS source, min(freshness.first_received_at) AS first_received_at
FROM source_freshness AS freshness
WHERE type IN {types:Array(String)}
GROUP BY type, source
ORDER BY type, source
