-- Carries each checked event into `events`.
CREATE MATERIALIZED VIEW IF NOT EXISTS events_view TO events AS
SELECT
    source, event_id, type,
    fromUnixTimestamp64Micro(occurred_us, 'UTC') AS occurred_at,
    fromUnixTimestamp64Micro(received_us, 'UTC') AS received_at,
    correlation_id, causation_id, trace_id, span_id, subject, objects, amount, currency, legal_entity, region,
    attributes, datacontenttype, dataschema, extensions, data, data_base64
FROM events_input
