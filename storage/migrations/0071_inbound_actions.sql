-- What vendors told of what people did there (a button in a chat, an incident taken over), one row an event: what is told
-- twice acts once. `incident_id` and `dedup_key` are two names of one incident, of which later events may have only one.
CREATE TABLE IF NOT EXISTS inbound_actions
(
    channel      LowCardinality(String),
    event_id     String,
    incident_id  String,
    dedup_key    String,
    kind         LowCardinality(String),
    acted_by     String,
    told_at      DateTime64(6, 'UTC'),
    outcome      LowCardinality(String),
    alerts       UInt32,
    recorded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (channel, event_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
