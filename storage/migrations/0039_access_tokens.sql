-- Who may send and ask: tokens by the hash of their secret, never the secret itself. A change is a row with a higher
-- version; nothing is deleted, so that a revoked token stays known by its name.
CREATE TABLE IF NOT EXISTS access_tokens
(
    token_id        String,
    name            String,
    secret_sha256   String,
    sources         Array(String),
    scopes          Array(LowCardinality(String)),
    rate_per_second Nullable(Float64),
    created_at      DateTime64(6, 'UTC'),
    created_by      String,
    expires_at      Nullable(DateTime64(6, 'UTC')),
    revoked_at      Nullable(DateTime64(6, 'UTC')),
    version         UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY token_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
