-- The sources that were silent at an instant and that have sent events of some types before, with since when.
-- params: types Array(String), at DateTime64(6, 'UTC')
-- columns: source, since
SELECT toString(source) AS source, min(silences.since) AS since
FROM source_silences AS silences FINAL
WHERE source != '' AND silences.since <= {at:DateTime64(6, 'UTC')}
    AND (isNull(silences.until) OR silences.until > {at:DateTime64(6, 'UTC')})
    AND (type IN {types:Array(String)}
        OR type = '' AND source IN (SELECT source FROM source_freshness WHERE type IN {types:Array(String)}))
GROUP BY source
ORDER BY source
