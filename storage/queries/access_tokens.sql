-- Every token there is or was, the oldest first.
-- columns: token_id, name, secret_sha256, sources, scopes, rate_per_second, created_at, created_by, expires_at,
--   revoked_at
SELECT
    token_id, name, secret_sha256, sources, scopes, rate_per_second, created_at, created_by, expires_at, revoked_at
FROM access_tokens FINAL
ORDER BY created_at, token_id
