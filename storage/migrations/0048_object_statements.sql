-- What files say of business objects beside their events: attributes, each from an instant on, and links to others.
-- A row is one statement about one object. The same statement again is the same row; another one stands beside it, since
-- a later log need not repeat what an earlier one knew. Synced at every insert: it is derived from nothing else.
CREATE TABLE IF NOT EXISTS object_statements
(
    object_type  LowCardinality(String),
    object_id    String,
    source       LowCardinality(String),
    attributes   Array(Tuple(name String, valid_from DateTime64(6, 'UTC'), value String, value_type String)),
    links        Array(Tuple(type String, id String, qualifier String)),
    received_at  DateTime64(6, 'UTC'),
    digest       UInt64 MATERIALIZED sipHash64(attributes, links)
)
ENGINE = ReplacingMergeTree
ORDER BY (object_type, object_id, source, digest)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1
