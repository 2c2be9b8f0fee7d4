-- Unnests OTLP log bodies into one row per record of severity ERROR and above; the others were counted at the door.
-- Values become text as the ClickHouse exporter writes them: strings as they are, numbers and booleans in words, bytes
-- in base64, arrays and maps as JSON. An id that is not one, says logs.proto, ties the record to no trace.
CREATE MATERIALIZED VIEW IF NOT EXISTS otlp_logs_view TO otel_logs AS
WITH
    (value) -> coalesce(value.string_value, value.int_value, value.bool_value, value.double_value, base64Encode(value.bytes_value), '') AS as_text,
    (attributes) -> CAST(
        arrayMap((key, value) -> (key, as_text(value)), attributes.key, attributes.value),
        'Map(LowCardinality(String), String)') AS as_map
SELECT
    multiIf(
        record.time_unix_nano > 0, fromUnixTimestamp64Nano(toInt64(record.time_unix_nano)),
        record.observed_time_unix_nano > 0, fromUnixTimestamp64Nano(toInt64(record.observed_time_unix_nano)),
        now64(9)) AS Timestamp,
    if(length(record.trace_id) = 16 AND record.trace_id != unhex(repeat('00', 16)), lower(hex(record.trace_id)), '') AS TraceId,
    if(length(record.span_id) = 8 AND record.span_id != unhex(repeat('00', 8)), lower(hex(record.span_id)), '') AS SpanId,
    toUInt8(bitAnd(record.flags, 255)) AS TraceFlags,
    record.severity_text AS SeverityText,
    toUInt8(least(greatest(record.severity_number, 0), 255)) AS SeverityNumber,
    ResourceAttributes['service.name'] AS ServiceName,
    as_text(record.body) AS Body,
    resource_group.schema_url AS ResourceSchemaUrl,
    as_map(resource_group.resource.attributes) AS ResourceAttributes,
    scope_group.schema_url AS ScopeSchemaUrl,
    scope_group.scope.name AS ScopeName,
    scope_group.scope.version AS ScopeVersion,
    as_map(scope_group.scope.attributes) AS ScopeAttributes,
    as_map(record.attributes) AS LogAttributes,
    record.event_name AS EventName,
    now64(6, 'UTC') AS ReceivedAt
FROM otlp_logs_input
ARRAY JOIN resource_logs AS resource_group
ARRAY JOIN resource_group.scope_logs AS scope_group
ARRAY JOIN scope_group.log_records AS record
WHERE record.severity_number >= 17 OR (record.severity_number = 0 AND upper(record.severity_text) IN ('ERROR', 'CRITICAL', 'FATAL'))
