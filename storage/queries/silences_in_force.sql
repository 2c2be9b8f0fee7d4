-- The silences that count at an instant or will later, the one that ends first before the others.
-- params: at DateTime64(6, 'UTC')
-- columns: silence_id, matchers, starts_at, ends_at, created_by, comment, updated_at, version
SELECT silence_id, matchers, starts_at, ends_at, created_by, comment, updated_at, version
FROM silences FINAL
WHERE ends_at > {at:DateTime64(6, 'UTC')}
ORDER BY ends_at, silence_id
