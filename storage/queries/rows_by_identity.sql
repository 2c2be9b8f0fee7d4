-- Every stored row of the events with these identities (source, event_id): more than one where two collectors took an event
-- at once, until a merge leaves that which was received first.
-- params: identities Array(Tuple(String, String))
-- columns: source, event_id, received_us, type, occurred_us, correlation_id, causation_id, subject, datacontenttype,
--     dataschema, extensions, data, data_base64, objects, trace_id, span_id
SELECT
    source, event_id, toUnixTimestamp64Micro(received_at) AS received_us, type,
    toUnixTimestamp64Micro(occurred_at) AS occurred_us, correlation_id, causation_id, subject, datacontenttype,
    dataschema, extensions, data, data_base64, objects, trace_id, span_id
FROM events
WHERE (source, event_id) IN {identities:Array(Tuple(String, String))}
ORDER BY source, event_id, received_at
