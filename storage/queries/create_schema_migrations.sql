-- Makes the table that records which migrations were applied.
CREATE TABLE IF NOT EXISTS schema_migrations
(
    name        String,
    digest      String,
    applied_at  DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY name
