-- The silences that began by `through` and had not ended by `ending_after`, as known at `through`.
-- params: ending_after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: source, type, heard_at, since, ends_at
SELECT source, type, heard_at, since, if(until <= {through:DateTime64(6, 'UTC')}, until, NULL) AS ends_at
FROM source_silences FINAL
WHERE since <= {through:DateTime64(6, 'UTC')}
    AND (isNull(until) OR until > {ending_after:DateTime64(6, 'UTC')})
ORDER BY source, type, since
