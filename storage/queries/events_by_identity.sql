-- The stored content of the events with these identities (source, event_id), to tell a repeat from a conflict.
-- params: identities Array(Tuple(String, String))
-- columns: source, event_id, type, occurred_us, correlation_id, causation_id, subject, datacontenttype, dataschema,
--     extensions, data, data_base64
SELECT
    source, event_id, type, toUnixTimestamp64Micro(occurred_at) AS occurred_us, correlation_id, causation_id, subject,
    datacontenttype, dataschema, extensions, data, data_base64
FROM events
WHERE (source, event_id) IN {identities:Array(Tuple(String, String))}
ORDER BY received_at
LIMIT 1 BY source, event_id
