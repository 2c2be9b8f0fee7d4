-- Which events the called services send in answer to calls: what arrives over a hop while it works.
CREATE TABLE IF NOT EXISTS hop_milestones
(
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    object_type   LowCardinality(String),
    type          LowCardinality(String),
    seen_at       DateTime('UTC')
)
ENGINE = ReplacingMergeTree(seen_at)
ORDER BY (from_service, to_service, object_type, type)
