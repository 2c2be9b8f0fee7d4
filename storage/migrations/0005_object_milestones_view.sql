-- Unfolds each checked event into one milestone per object it names.
CREATE MATERIALIZED VIEW IF NOT EXISTS object_milestones_view TO object_milestones AS
SELECT
    object.type AS object_type, object.id AS object_id, type,
    fromUnixTimestamp64Micro(occurred_us, 'UTC') AS occurred_at,
    fromUnixTimestamp64Micro(received_us, 'UTC') AS received_at,
    source, event_id, object.qualifier AS qualifier, correlation_id, trace_id,
    amount, currency, legal_entity, region, attributes
FROM events_input
ARRAY JOIN objects AS object
