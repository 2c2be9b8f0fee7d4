-- How long the cases of a gate of the close that began in [since, at) took, or had waited by `at`, in whole minutes.
-- params: gate String, definition String, since DateTime64(6, 'UTC'), at DateTime64(6, 'UTC')
-- columns: legal_entity, minutes, is_cleared, cases
SELECT
    toString(legal_entity) AS legal_entity,
    greatest(dateDiff('minute', started_at, is_cleared ? assumeNotNull(cleared_at) : {at:DateTime64(6, 'UTC')}), 0) AS minutes,
    isNotNull(cleared_at) AND cleared_at <= {at:DateTime64(6, 'UTC')} AS is_cleared,
    count() AS cases
FROM close_cases FINAL
WHERE gate = {gate:String} AND definition = {definition:String}
    AND started_at >= {since:DateTime64(6, 'UTC')} AND started_at < {at:DateTime64(6, 'UTC')}
GROUP BY legal_entity, minutes, is_cleared
ORDER BY legal_entity, minutes, is_cleared
