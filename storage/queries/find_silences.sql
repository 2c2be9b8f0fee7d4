-- The silences whose id begins so, as they stand; two are enough to know that the beginning names more than one.
-- params: beginning String
-- columns: silence_id, matchers, starts_at, ends_at, created_by, comment, updated_at, version
SELECT silence_id, matchers, starts_at, ends_at, created_by, comment, updated_at, version
FROM silences FINAL
WHERE startsWith(silence_id, {beginning:String})
ORDER BY silence_id
LIMIT 2
