-- Every change of every alert, whole. A tick that is repeated after a crash writes the same rows again, so
-- the key is what makes a transition the same one: the alert, when it happened, and what it became.
CREATE TABLE IF NOT EXISTS alert_transitions
(
    object_type     LowCardinality(String),
    object_id       String,
    alert_id        String,
    alert           LowCardinality(String),
    state           LowCardinality(String),
    started_at      DateTime64(6, 'UTC'),
    deadline_at     DateTime64(6, 'UTC'),
    fired_at        Nullable(DateTime64(6, 'UTC')),
    resolved_at     Nullable(DateTime64(6, 'UTC')),
    severity        LowCardinality(String),
    amount          Nullable(Decimal(38, 9)),
    currency        Nullable(String),
    correlation_id  Nullable(String),
    reason          String,
    changed_at      DateTime64(6, 'UTC'),
    recorded_at     DateTime64(6, 'UTC'),
    version         UInt64,
    rule_group      LowCardinality(String),
    rule_version    LowCardinality(String),
    labels          Map(LowCardinality(String), String),
    annotations     Map(LowCardinality(String), String),
    trace_ids       Array(String)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (object_type, object_id, alert_id, changed_at, state, severity)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
