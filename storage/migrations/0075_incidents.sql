-- Incidents: the failing hop (service, operation, pattern of the error) that alerts have in common, from when the first
-- of them fired until the last was over. What an incident is called and when it began stays, whatever becomes known later.
CREATE TABLE IF NOT EXISTS incidents
(
    incident_id    String,
    signature      String,
    kind           LowCardinality(String),
    service        LowCardinality(String),
    operation      LowCardinality(String),
    pattern        String,
    error          String,
    started_at     DateTime64(6, 'UTC'),
    first_seen_at  DateTime64(6, 'UTC'),
    ended_at       Nullable(DateTime64(6, 'UTC')),
    version        UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY incident_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
