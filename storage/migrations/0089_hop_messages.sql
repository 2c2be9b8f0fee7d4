-- What the middleware tells of its queues and of the messages that it parks and recovers, with what was stated of their
-- objects by then. Kept apart from other milestones, since it is asked for by what it says and not by object.
CREATE TABLE IF NOT EXISTS hop_messages
(
    object_type  LowCardinality(String),
    object_id    String,
    type         LowCardinality(String),
    occurred_at  DateTime64(6, 'UTC'),
    source       LowCardinality(String),
    event_id     String,
    queue        String,
    depth        Nullable(UInt64),
    oldest_at    Nullable(DateTime64(6, 'UTC')),
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (object_type, object_id, occurred_at, source, event_id)
SETTINGS index_granularity = 1024
