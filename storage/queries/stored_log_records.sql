-- The log records stored of some instants, with all that tells one from another.
-- params: nanoseconds Array(Int64)
-- columns: nanoseconds, trace_id, span_id, trace_flags, severity_text, severity_number, body, event_name, scope_name, scope_version, resource_attributes, scope_attributes, log_attributes
SELECT
    toUnixTimestamp64Nano(Timestamp) AS nanoseconds,
    TraceId AS trace_id,
    SpanId AS span_id,
    TraceFlags AS trace_flags,
    SeverityText AS severity_text,
    SeverityNumber AS severity_number,
    Body AS body,
    EventName AS event_name,
    ScopeName AS scope_name,
    ScopeVersion AS scope_version,
    ResourceAttributes AS resource_attributes,
    ScopeAttributes AS scope_attributes,
    LogAttributes AS log_attributes
FROM otel_logs
WHERE TimestampTime IN (SELECT toDateTime(fromUnixTimestamp64Nano(arrayJoin({nanoseconds:Array(Int64)}))))
    AND Timestamp IN (SELECT fromUnixTimestamp64Nano(arrayJoin({nanoseconds:Array(Int64)})))
