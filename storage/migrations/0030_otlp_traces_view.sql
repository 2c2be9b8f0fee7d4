-- Unnests OTLP bodies into one row per span. Attribute values become text as the ClickHouse exporter writes
-- them: strings as they are, numbers and booleans in words, bytes in base64, arrays and maps as JSON.
CREATE MATERIALIZED VIEW IF NOT EXISTS otlp_traces_view TO otel_traces AS
WITH
    (attributes) -> CAST(
        arrayMap(
            (key, value) -> (key, coalesce(value.string_value, value.int_value, value.bool_value, value.double_value, base64Encode(value.bytes_value), '')),
            attributes.key, attributes.value),
        'Map(LowCardinality(String), String)') AS as_map
SELECT
    fromUnixTimestamp64Nano(toInt64(span.start_time_unix_nano)) AS Timestamp,
    lower(hex(span.trace_id)) AS TraceId,
    lower(hex(span.span_id)) AS SpanId,
    lower(hex(span.parent_span_id)) AS ParentSpanId,
    span.trace_state AS TraceState,
    span.name AS SpanName,
    transform(span.kind, [1, 2, 3, 4, 5], ['Internal', 'Server', 'Client', 'Producer', 'Consumer'], 'Unspecified') AS SpanKind,
    ResourceAttributes['service.name'] AS ServiceName,
    as_map(resource_group.resource.attributes) AS ResourceAttributes,
    scope_group.scope.name AS ScopeName,
    scope_group.scope.version AS ScopeVersion,
    as_map(span.attributes) AS SpanAttributes,
    if(span.end_time_unix_nano > span.start_time_unix_nano, span.end_time_unix_nano - span.start_time_unix_nano, 0) AS Duration,
    transform(span.status.code, [1, 2], ['Ok', 'Error'], 'Unset') AS StatusCode,
    span.status.message AS StatusMessage,
    arrayMap(event -> fromUnixTimestamp64Nano(toInt64(event.time_unix_nano)), span.events) AS `Events.Timestamp`,
    arrayMap(event -> event.name, span.events) AS `Events.Name`,
    arrayMap(event -> as_map(event.attributes), span.events) AS `Events.Attributes`,
    arrayMap(link -> lower(hex(link.trace_id)), span.links) AS `Links.TraceId`,
    arrayMap(link -> lower(hex(link.span_id)), span.links) AS `Links.SpanId`,
    arrayMap(link -> link.trace_state, span.links) AS `Links.TraceState`,
    arrayMap(link -> as_map(link.attributes), span.links) AS `Links.Attributes`,
    if(SpanAttributes['correlation.id'] != '', SpanAttributes['correlation.id'], ResourceAttributes['correlation.id']) AS CorrelationId,
    now64(6, 'UTC') AS ReceivedAt
FROM otlp_traces_input
ARRAY JOIN resource_spans AS resource_group
ARRAY JOIN resource_group.scope_spans AS scope_group
ARRAY JOIN scope_group.spans AS span
