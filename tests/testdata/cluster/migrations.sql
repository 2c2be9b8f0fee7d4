-- database
CREATE DATABASE IF NOT EXISTS milepost ON CLUSTER revenue;

-- schema_migrations
CREATE TABLE IF NOT EXISTS schema_migrations ON CLUSTER revenue
(
    name        String,
    digest      String,
    applied_at  DateTime64(6, 'UTC')
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY name;

-- 0001_events
CREATE TABLE IF NOT EXISTS events_local ON CLUSTER revenue
(
    source           LowCardinality(String),
    event_id         String,
    type             LowCardinality(String),
    occurred_at      DateTime64(6, 'UTC'),
    received_at      DateTime64(6, 'UTC'),
    correlation_id   String,
    causation_id     String,
    trace_id         String,
    span_id          String,
    subject          String,
    objects          Array(Tuple(type LowCardinality(String), id String, qualifier String)),
    amount           Nullable(Decimal(38, 9)),
    currency         LowCardinality(String),
    legal_entity     LowCardinality(String),
    region           LowCardinality(String),
    attributes       Map(LowCardinality(String), String),
    datacontenttype  LowCardinality(String),
    dataschema       LowCardinality(String),
    extensions       Map(LowCardinality(String), String),
    data             String CODEC(ZSTD(1)),
    data_base64      Bool,
    precedence       Int64 MATERIALIZED -toUnixTimestamp64Micro(received_at)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', precedence)
PARTITION BY toYYYYMM(received_at)
ORDER BY (source, event_id)
SETTINGS index_granularity = 1024, merge_selector_base = 10, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0001_events
CREATE TABLE IF NOT EXISTS events ON CLUSTER revenue AS milepost.events_local
ENGINE = Distributed(revenue, milepost, events_local, cityHash64(source, event_id));

-- 0002_events_input
CREATE TABLE IF NOT EXISTS events_input ON CLUSTER revenue
(
    source           String,
    event_id         String,
    type             String,
    occurred_us      Int64,
    received_us      Int64,
    correlation_id   String,
    causation_id     String,
    trace_id         String,
    span_id          String,
    subject          String,
    objects          Array(Tuple(type String, id String, qualifier String)),
    amount           Nullable(Decimal(38, 9)),
    currency         String,
    legal_entity     String,
    region           String,
    attributes       Map(String, String),
    datacontenttype  String,
    dataschema       String,
    extensions       Map(String, String),
    data             String,
    data_base64      Bool
)
ENGINE = Null;

-- 0003_events_view
CREATE MATERIALIZED VIEW IF NOT EXISTS events_view ON CLUSTER revenue TO events AS
SELECT
    source, event_id, type,
    fromUnixTimestamp64Micro(occurred_us, 'UTC') AS occurred_at,
    fromUnixTimestamp64Micro(received_us, 'UTC') AS received_at,
    correlation_id, causation_id, trace_id, span_id, subject, objects, amount, currency, legal_entity, region,
    attributes, datacontenttype, dataschema, extensions, data, data_base64
FROM events_input;

-- 0004_object_milestones
CREATE TABLE IF NOT EXISTS object_milestones ON CLUSTER revenue
(
    object_type      LowCardinality(String),
    object_id        String,
    type             LowCardinality(String),
    occurred_at      DateTime64(6, 'UTC'),
    received_at      DateTime64(6, 'UTC'),
    source           LowCardinality(String),
    event_id         String,
    qualifier        LowCardinality(String),
    correlation_id   String,
    trace_id         String,
    amount           Nullable(Decimal(38, 9)),
    currency         LowCardinality(String),
    legal_entity     LowCardinality(String),
    region           LowCardinality(String),
    attributes       Map(LowCardinality(String), String),
    precedence       Int64 MATERIALIZED -toUnixTimestamp64Micro(received_at)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', precedence)
PARTITION BY toYYYYMM(received_at)
ORDER BY (object_type, object_id, occurred_at, source, event_id)
SETTINGS index_granularity = 512, merge_selector_base = 10;

-- 0005_object_milestones_view
CREATE MATERIALIZED VIEW IF NOT EXISTS object_milestones_view ON CLUSTER revenue TO object_milestones AS
SELECT
    object.type AS object_type, object.id AS object_id, type,
    fromUnixTimestamp64Micro(occurred_us, 'UTC') AS occurred_at,
    fromUnixTimestamp64Micro(received_us, 'UTC') AS received_at,
    source, event_id, object.qualifier AS qualifier, correlation_id, trace_id,
    amount, currency, legal_entity, region, attributes
FROM events_input
ARRAY JOIN objects AS object;

-- 0006_arrivals
CREATE TABLE IF NOT EXISTS arrivals ON CLUSTER revenue
(
    received_at      DateTime64(6, 'UTC'),
    object_type      LowCardinality(String),
    object_id        String
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
PARTITION BY toDate(received_at)
ORDER BY received_at
TTL toDateTime(received_at) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, merge_selector_base = 10;

-- 0007_arrivals_view
CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_view ON CLUSTER revenue TO arrivals AS
SELECT
    fromUnixTimestamp64Micro(received_us, 'UTC') AS received_at,
    object.type AS object_type, object.id AS object_id
FROM events_input
ARRAY JOIN objects AS object;

-- 0008_otel_traces
CREATE TABLE IF NOT EXISTS otel_traces_local ON CLUSTER revenue
(
    Timestamp           DateTime64(9) CODEC(Delta, ZSTD(1)),
    TraceId             String CODEC(ZSTD(1)),
    SpanId              String CODEC(ZSTD(1)),
    ParentSpanId        String CODEC(ZSTD(1)),
    TraceState          String CODEC(ZSTD(1)),
    SpanName            LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind            LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName         LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes  Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName           String CODEC(ZSTD(1)),
    ScopeVersion        String CODEC(ZSTD(1)),
    SpanAttributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration            UInt64 CODEC(ZSTD(1)),
    StatusCode          LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage       String CODEC(ZSTD(1)),
    Events              Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Links               Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    CorrelationId       String CODEC(ZSTD(1)),
    ReceivedAt          DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_correlation_id CorrelationId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(ReceivedAt)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
SETTINGS index_granularity = 8192, merge_selector_base = 10, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0008_otel_traces
CREATE TABLE IF NOT EXISTS otel_traces ON CLUSTER revenue AS milepost.otel_traces_local
ENGINE = Distributed(revenue, milepost, otel_traces_local, cityHash64(TraceId));

-- 0009_otel_traces_trace_id_ts
CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts_local ON CLUSTER revenue
(
    TraceId  String CODEC(ZSTD(1)),
    Start    SimpleAggregateFunction(min, DateTime) CODEC(ZSTD(1)),
    End      SimpleAggregateFunction(max, DateTime) CODEC(ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY TraceId
SETTINGS index_granularity = 8192, merge_selector_base = 10, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0009_otel_traces_trace_id_ts
CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts ON CLUSTER revenue AS milepost.otel_traces_trace_id_ts_local
ENGINE = Distributed(revenue, milepost, otel_traces_trace_id_ts_local, cityHash64(TraceId));

-- 0010_otel_traces_trace_id_ts_mv
CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv ON CLUSTER revenue TO otel_traces_trace_id_ts_local AS
SELECT TraceId, toDateTime(min(Timestamp)) AS Start, toDateTime(max(Timestamp)) AS End
FROM otel_traces_local
WHERE TraceId != ''
GROUP BY TraceId;

-- 0011_otlp_input
CREATE TABLE IF NOT EXISTS otlp_input ON CLUSTER revenue
(
    resource_spans Array(Tuple(
        resource Tuple(attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String)))), kvlist_value Tuple(values Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String))))))))),
        scope_spans Array(Tuple(
            scope Tuple(name String, version String),
            spans Array(Tuple(
                trace_id String,
                span_id String,
                trace_state String,
                parent_span_id String,
                name String,
                kind Int32,
                start_time_unix_nano UInt64,
                end_time_unix_nano UInt64,
                attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String)))), kvlist_value Tuple(values Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String)))))))),
                events Array(Tuple(time_unix_nano UInt64, name String, attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String)))), kvlist_value Tuple(values Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String)))))))))),
                links Array(Tuple(trace_id String, span_id String, trace_state String, attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String)))), kvlist_value Tuple(values Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Nullable(String), kvlist_value Nullable(String)))))))))),
                status Tuple(message String, code Int32)))))))
)
ENGINE = Null;

-- 0012_otlp_view
CREATE MATERIALIZED VIEW IF NOT EXISTS otlp_view ON CLUSTER revenue TO otel_traces AS
WITH
    (v) -> coalesce(
        if(isNull(v.string_value), NULL, toJSONString(v.string_value)),
        toString(v.bool_value), toString(v.int_value), toString(v.double_value),
        concat('"', base64Encode(coalesce(v.bytes_value, v.array_value, v.kvlist_value)), '"'),
        'null') AS as_json,
    (v) -> coalesce(
        v.string_value, toString(v.bool_value), toString(v.int_value), toString(v.double_value), base64Encode(v.bytes_value),
        multiIf(
            notEmpty(v.array_value.values),
                concat('[', arrayStringConcat(arrayMap(item -> as_json(item), v.array_value.values), ','), ']'),
            notEmpty(v.kvlist_value.values),
                concat('{', arrayStringConcat(arrayMap(pair -> concat(toJSONString(pair.key), ':', as_json(pair.value)), v.kvlist_value.values), ','), '}'),
            '')) AS as_text,
    (attributes) -> CAST(
        arrayMap(attribute -> (attribute.key, as_text(attribute.value)), attributes),
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
FROM otlp_input
ARRAY JOIN resource_spans AS resource_group
ARRAY JOIN resource_group.scope_spans AS scope_group
ARRAY JOIN scope_group.spans AS span;

-- 0013_dead_letters
CREATE TABLE IF NOT EXISTS dead_letters ON CLUSTER revenue
(
    dead_letter_id  String,
    received_at     DateTime64(6, 'UTC'),
    channel         LowCardinality(String),
    code            LowCardinality(String),
    reason          String,
    source          String,
    event_id        String,
    content_type    String,
    headers         Map(String, String),
    body            String CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, dead_letter_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0014_alert_transitions
CREATE TABLE IF NOT EXISTS alert_transitions ON CLUSTER revenue
(
    object_type     LowCardinality(String),
    object_id       String,
    alert_id        String,
    alert           LowCardinality(String),
    state           LowCardinality(String),
    started_at      DateTime64(6, 'UTC'),
    deadline_at     DateTime64(6, 'UTC'),
    fired_at        Nullable(DateTime64(6, 'UTC')),
    resolved_at     Nullable(DateTime64(6, 'UTC')),
    severity        LowCardinality(String),
    amount          Nullable(Decimal(38, 9)),
    currency        Nullable(String),
    correlation_id  Nullable(String),
    reason          String,
    changed_at      DateTime64(6, 'UTC'),
    recorded_at     DateTime64(6, 'UTC'),
    version         UInt64,
    rule_group      LowCardinality(String),
    rule_version    LowCardinality(String),
    labels          Map(LowCardinality(String), String),
    annotations     Map(LowCardinality(String), String),
    trace_ids       Array(String)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (object_type, object_id, alert_id, changed_at, state, severity)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0015_alert_states
CREATE TABLE IF NOT EXISTS alert_states ON CLUSTER revenue
(
    object_type     LowCardinality(String),
    object_id       String,
    alert_id        String,
    alert           LowCardinality(String),
    state           LowCardinality(String),
    started_at      DateTime64(6, 'UTC'),
    deadline_at     DateTime64(6, 'UTC'),
    fired_at        Nullable(DateTime64(6, 'UTC')),
    resolved_at     Nullable(DateTime64(6, 'UTC')),
    severity        LowCardinality(String),
    amount          Nullable(Decimal(38, 9)),
    currency        Nullable(String),
    correlation_id  Nullable(String),
    reason          String,
    changed_at      DateTime64(6, 'UTC'),
    recorded_at     DateTime64(6, 'UTC'),
    version         UInt64,
    rule_group      LowCardinality(String),
    rule_version    LowCardinality(String),
    labels          Map(LowCardinality(String), String),
    annotations     Map(LowCardinality(String), String),
    trace_ids       Array(String)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (object_type, object_id, alert_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0016_alerts
CREATE VIEW IF NOT EXISTS alerts ON CLUSTER revenue AS
SELECT * FROM alert_states FINAL;

-- 0017_open_duties
CREATE TABLE IF NOT EXISTS open_duties ON CLUSTER revenue
(
    object_type  LowCardinality(String),
    object_id    String,
    due_at       Nullable(DateTime64(6, 'UTC')),
    recorded_at  DateTime64(6, 'UTC'),
    version      UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (object_type, object_id)
TTL toDateTime(recorded_at) + INTERVAL 1 DAY DELETE WHERE isNull(due_at)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0018_engine_watermarks
CREATE TABLE IF NOT EXISTS engine_watermarks ON CLUSTER revenue
(
    engine             LowCardinality(String),
    evaluated_through  DateTime64(6, 'UTC'),
    rules_version      String,
    recorded_at        DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', evaluated_through)
ORDER BY engine
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0019_notifications
CREATE TABLE IF NOT EXISTS notifications ON CLUSTER revenue
(
    notification_id  String,
    receiver         LowCardinality(String),
    integration      LowCardinality(String),
    group_key        String,
    group_labels     Map(LowCardinality(String), String),
    reason           LowCardinality(String),
    status           LowCardinality(String),
    attempts         UInt32,
    error            String,
    firing           Array(String),
    resolved         Array(String),
    body             String CODEC(ZSTD(1)),
    created_at       DateTime64(6, 'UTC'),
    updated_at       DateTime64(6, 'UTC'),
    version          UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (receiver, integration, notification_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0020_notification_log
CREATE TABLE IF NOT EXISTS notification_log ON CLUSTER revenue
(
    receiver     LowCardinality(String),
    integration  LowCardinality(String),
    group_key    String,
    firing       Array(String),
    resolved     Array(String),
    sent_at      DateTime64(6, 'UTC'),
    version      UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (receiver, integration, group_key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0021_source_freshness
CREATE TABLE IF NOT EXISTS source_freshness ON CLUSTER revenue
(
    source             LowCardinality(String),
    type               LowCardinality(String),
    first_received_at  SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_received_at   SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    last_occurred_at   SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (source, type);

-- 0022_source_freshness_view
CREATE MATERIALIZED VIEW IF NOT EXISTS source_freshness_view ON CLUSTER revenue TO source_freshness AS
SELECT
    source, type,
    fromUnixTimestamp64Micro(min(received_us), 'UTC') AS first_received_at,
    fromUnixTimestamp64Micro(max(received_us), 'UTC') AS last_received_at,
    fromUnixTimestamp64Micro(max(occurred_us), 'UTC') AS last_occurred_at
FROM events_input
GROUP BY source, type;

-- 0023_drop_arrivals_view
DROP VIEW IF EXISTS arrivals_view ON CLUSTER revenue;

-- 0024_drop_arrivals
DROP TABLE IF EXISTS arrivals ON CLUSTER revenue;

-- 0025_drop_source_freshness_view
DROP VIEW IF EXISTS source_freshness_view ON CLUSTER revenue;

-- 0026_events_merge_later
ALTER TABLE events_local ON CLUSTER revenue MODIFY SETTING merge_selector_base = 30;

-- 0027_drop_otlp_view
DROP VIEW IF EXISTS otlp_view ON CLUSTER revenue;

-- 0028_drop_otlp_input
DROP TABLE IF EXISTS otlp_input ON CLUSTER revenue;

-- 0029_otlp_traces_input
CREATE TABLE IF NOT EXISTS otlp_traces_input ON CLUSTER revenue
(
    resource_spans Array(Tuple(
        resource Tuple(attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String))))),
        scope_spans Array(Tuple(
            scope Tuple(name String, version String),
            spans Array(Tuple(
                trace_id String,
                span_id String,
                trace_state String,
                parent_span_id String,
                name String,
                kind Int32,
                start_time_unix_nano UInt64,
                end_time_unix_nano UInt64,
                attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String)))),
                events Array(Tuple(time_unix_nano UInt64, name String, attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String)))))),
                links Array(Tuple(trace_id String, span_id String, trace_state String, attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String)))))),
                status Tuple(message String, code Int32)))))))
)
ENGINE = Null;

-- 0030_otlp_traces_view
CREATE MATERIALIZED VIEW IF NOT EXISTS otlp_traces_view ON CLUSTER revenue TO otel_traces AS
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
ARRAY JOIN scope_group.spans AS span;

-- 0031_otel_traces_merge_later
ALTER TABLE otel_traces_local ON CLUSTER revenue MODIFY SETTING merge_selector_base = 30;

-- 0032_contract_flags
CREATE TABLE IF NOT EXISTS contract_flags ON CLUSTER revenue
(
    source       LowCardinality(String),
    event_id     String,
    type         LowCardinality(String),
    received_at  DateTime64(6, 'UTC'),
    version      UInt32,
    flag         LowCardinality(String),
    detail       String,
    precedence   Int64 MATERIALIZED -toUnixTimestamp64Micro(received_at)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', precedence)
PARTITION BY toYYYYMM(received_at)
ORDER BY (type, source, event_id, flag, detail)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0033_otel_logs
CREATE TABLE IF NOT EXISTS otel_logs_local ON CLUSTER revenue
(
    Timestamp           DateTime64(9) CODEC(Delta, ZSTD(1)),
    TimestampTime       DateTime DEFAULT toDateTime(Timestamp),
    TraceId             String CODEC(ZSTD(1)),
    SpanId              String CODEC(ZSTD(1)),
    TraceFlags          UInt8,
    SeverityText        LowCardinality(String) CODEC(ZSTD(1)),
    SeverityNumber      UInt8,
    ServiceName         LowCardinality(String) CODEC(ZSTD(1)),
    Body                String CODEC(ZSTD(1)),
    ResourceSchemaUrl   LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes  Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeSchemaUrl      LowCardinality(String) CODEC(ZSTD(1)),
    ScopeName           String CODEC(ZSTD(1)),
    ScopeVersion        LowCardinality(String) CODEC(ZSTD(1)),
    ScopeAttributes     Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    LogAttributes       Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    EventName           LowCardinality(String) CODEC(ZSTD(1)),
    ReceivedAt          DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(ReceivedAt)
ORDER BY (ServiceName, TimestampTime, Timestamp)
SETTINGS index_granularity = 8192, merge_selector_base = 10, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0033_otel_logs
CREATE TABLE IF NOT EXISTS otel_logs ON CLUSTER revenue AS milepost.otel_logs_local
ENGINE = Distributed(revenue, milepost, otel_logs_local, if(TraceId = '', rand64(), cityHash64(TraceId)));

-- 0034_otlp_logs_input
CREATE TABLE IF NOT EXISTS otlp_logs_input ON CLUSTER revenue
(
    resource_logs Array(Tuple(
        resource Tuple(attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String))))),
        scope_logs Array(Tuple(
            scope Tuple(name String, version String, attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String))))),
            log_records Array(Tuple(
                time_unix_nano UInt64,
                observed_time_unix_nano UInt64,
                severity_number Int32,
                severity_text String,
                body Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String)),
                attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(String), int_value Nullable(String), double_value Nullable(String), bytes_value Nullable(String)))),
                flags UInt32,
                trace_id String,
                span_id String,
                event_name String)),
            schema_url String)),
        schema_url String))
)
ENGINE = Null;

-- 0035_otlp_logs_view
CREATE MATERIALIZED VIEW IF NOT EXISTS otlp_logs_view ON CLUSTER revenue TO otel_logs AS
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
WHERE record.severity_number >= 17 OR (record.severity_number = 0 AND upper(record.severity_text) IN ('ERROR', 'CRITICAL', 'FATAL'));

-- 0036_file_checkpoints
CREATE TABLE IF NOT EXISTS file_checkpoints ON CLUSTER revenue
(
    file         String,
    items        UInt64,
    rejected     UInt64,
    recorded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', recorded_at)
ORDER BY file
TTL toDateTime(recorded_at) + INTERVAL 90 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0037_dead_letter_attempts
CREATE TABLE IF NOT EXISTS dead_letter_attempts ON CLUSTER revenue
(
    dead_letter_id  String,
    attempted_at    DateTime64(6, 'UTC'),
    attempted_by    String,
    outcome         LowCardinality(String),
    code            LowCardinality(String),
    reason          String
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (dead_letter_id, attempted_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0038_dead_letter_states
CREATE VIEW IF NOT EXISTS dead_letter_states ON CLUSTER revenue AS
SELECT
    dead_letter_id,
    count() AS attempts,
    multiIf(
        countIf(outcome IN ('accepted', 'duplicate')) > 0, 'replayed',
        argMax(outcome, attempted_at) = 'discarded', 'discarded',
        'waiting') AS state
FROM dead_letter_attempts
GROUP BY dead_letter_id;

-- 0039_access_tokens
CREATE TABLE IF NOT EXISTS access_tokens ON CLUSTER revenue
(
    token_id        String,
    name            String,
    secret_sha256   String,
    sources         Array(String),
    scopes          Array(LowCardinality(String)),
    rate_per_second Nullable(Float64),
    created_at      DateTime64(6, 'UTC'),
    created_by      String,
    expires_at      Nullable(DateTime64(6, 'UTC')),
    revoked_at      Nullable(DateTime64(6, 'UTC')),
    version         UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY token_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0040_source_traffic
CREATE TABLE IF NOT EXISTS source_traffic ON CLUSTER revenue
(
    minute               DateTime('UTC'),
    source               LowCardinality(String),
    type                 LowCardinality(String),
    after                DateTime64(6, 'UTC'),
    through              DateTime64(6, 'UTC'),
    first_received_at    DateTime64(6, 'UTC'),
    last_received_at     DateTime64(6, 'UTC'),
    last_occurred_at     DateTime64(6, 'UTC'),
    events               UInt64,
    lag_us               AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Int64),
    longest_lag_us       Int64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', through)
ORDER BY (minute, source, type, after)
TTL minute + INTERVAL 30 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0041_source_freshness_from_traffic
CREATE MATERIALIZED VIEW IF NOT EXISTS source_freshness_from_traffic ON CLUSTER revenue TO source_freshness AS
SELECT source, type, first_received_at, last_received_at, last_occurred_at
FROM source_traffic;

-- 0042_source_freshness_synced
ALTER TABLE source_freshness ON CLUSTER revenue MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

-- 0043_run_members
CREATE TABLE IF NOT EXISTS run_members ON CLUSTER revenue
(
    object_type  LowCardinality(String),
    object_id    String,
    run          UInt64,
    first_us     Int64,
    version      UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (object_type, object_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0044_run_contents
CREATE TABLE IF NOT EXISTS run_contents ON CLUSTER revenue
(
    run          UInt64,
    object_type  LowCardinality(String),
    object_id    String
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (run, object_type, object_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0045_run_names
CREATE TABLE IF NOT EXISTS run_names ON CLUSTER revenue
(
    run          UInt64,
    object_type  LowCardinality(String),
    object_id    String,
    first_us     Int64,
    version      UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY run
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0046_object_runs
CREATE VIEW IF NOT EXISTS object_runs ON CLUSTER revenue AS
SELECT
    member.object_type AS object_type,
    member.object_id AS object_id,
    if(named.object_type = '', named.object_id, concat(named.object_type, '/', named.object_id)) AS run_id
FROM (SELECT object_type, object_id, run FROM run_members FINAL WHERE object_type != '') AS member
INNER JOIN (SELECT run, object_type, object_id FROM run_names FINAL) AS named USING run;

-- 0047_pull_watermarks
CREATE TABLE IF NOT EXISTS pull_watermarks ON CLUSTER revenue
(
    pull         String,
    column_name  String,
    watermark    String,
    recorded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', recorded_at)
ORDER BY (pull, column_name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0048_object_statements
CREATE TABLE IF NOT EXISTS object_statements ON CLUSTER revenue
(
    object_type  LowCardinality(String),
    object_id    String,
    source       LowCardinality(String),
    attributes   Array(Tuple(name String, valid_from DateTime64(6, 'UTC'), value String, value_type String)),
    links        Array(Tuple(type String, id String, qualifier String)),
    received_at  DateTime64(6, 'UTC'),
    digest       UInt64 MATERIALIZED sipHash64(attributes, links)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (object_type, object_id, source, digest)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0049_event_attribute_types
CREATE TABLE IF NOT EXISTS event_attribute_types ON CLUSTER revenue
(
    event_type  LowCardinality(String),
    name        String,
    value_type  LowCardinality(String)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (event_type, name, value_type)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0050_source_silences
CREATE TABLE IF NOT EXISTS source_silences ON CLUSTER revenue
(
    source         LowCardinality(String),
    type           LowCardinality(String),
    heard_at       DateTime64(6, 'UTC'),
    since          DateTime64(6, 'UTC'),
    until          Nullable(DateTime64(6, 'UTC')),
    noted_through  DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', noted_through)
ORDER BY (source, type, since)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0051_alike_keys
CREATE TABLE IF NOT EXISTS alike_keys ON CLUSTER revenue
(
    rule_version  LowCardinality(String),
    key           UInt64,
    object_id     String,
    known_at      DateTime64(6, 'UTC'),
    precedence    Int64 MATERIALIZED -toUnixTimestamp64Micro(known_at)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', precedence)
ORDER BY (rule_version, key, object_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0052_alike_duties
CREATE TABLE IF NOT EXISTS alike_duties ON CLUSTER revenue
(
    rule_version  LowCardinality(String),
    object_id     String,
    due_at        Nullable(DateTime64(6, 'UTC')),
    recorded_at   DateTime64(6, 'UTC'),
    version       UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (rule_version, object_id)
TTL toDateTime(recorded_at) + INTERVAL 1 DAY DELETE WHERE isNull(due_at)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0053_series_states
CREATE TABLE IF NOT EXISTS series_states ON CLUSTER revenue
(
    rule          String,
    rule_version  String,
    through       DateTime64(6, 'UTC'),
    state         String CODEC(ZSTD(1)),
    recorded_at   DateTime64(6, 'UTC'),
    version       UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY rule
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0054_clock_counts
CREATE TABLE IF NOT EXISTS clock_counts ON CLUSTER revenue
(
    rule        LowCardinality(String),
    generation  DateTime64(6, 'UTC'),
    outcome_at  DateTime64(6, 'UTC'),
    known_at    DateTime64(6, 'UTC'),
    after       DateTime64(6, 'UTC'),
    through     DateTime64(6, 'UTC'),
    good        Int64,
    bad         Int64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', through)
ORDER BY (rule, generation, outcome_at, known_at, after)
TTL toDateTime(known_at) + INTERVAL 35 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0055_alert_history
CREATE VIEW IF NOT EXISTS alert_history ON CLUSTER revenue AS
SELECT *, fromUnixTimestamp64Micro(toInt64(intDiv(version, 1000)), 'UTC') AS known_at
FROM alert_transitions FINAL;

-- 0056_alert_transitions_evidence
ALTER TABLE alert_transitions ON CLUSTER revenue ADD COLUMN IF NOT EXISTS evidence String CODEC(ZSTD(1));

-- 0057_alert_states_evidence
ALTER TABLE alert_states ON CLUSTER revenue ADD COLUMN IF NOT EXISTS evidence String CODEC(ZSTD(1));

-- 0058_alerts_evidence
CREATE OR REPLACE VIEW alerts ON CLUSTER revenue AS
SELECT * FROM alert_states FINAL;

-- 0059_alert_history_evidence
CREATE OR REPLACE VIEW alert_history ON CLUSTER revenue AS
SELECT *, fromUnixTimestamp64Micro(toInt64(intDiv(version, 1000)), 'UTC') AS known_at
FROM alert_transitions FINAL;

-- 0060_dead_letter_mentions
CREATE TABLE IF NOT EXISTS dead_letter_mentions ON CLUSTER revenue
(
    mention         String,
    received_at     DateTime64(6, 'UTC'),
    dead_letter_id  String,
    channel         LowCardinality(String),
    code            LowCardinality(String),
    reason          String,
    source          String,
    type            String,
    object_types    Array(LowCardinality(String))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
PARTITION BY toYYYYMM(received_at)
ORDER BY (mention, received_at, dead_letter_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0061_dead_letter_mentions_view
CREATE MATERIALIZED VIEW IF NOT EXISTS dead_letter_mentions_view ON CLUSTER revenue TO dead_letter_mentions AS
WITH
    startsWith(trimLeft(body), '[') AS is_batch,
    headers['ce-type'] != '' AS is_binary,
    if(is_batch, '', if(is_binary, headers['ce-type'], JSONExtractString(body, 'type'))) AS event_type,
    if(is_binary, headers['ce-subject'], JSONExtractString(body, 'subject')) AS subject,
    if(is_binary, headers['ce-correlationid'], JSONExtractString(body, 'correlationid')) AS run,
    arrayFilter(
        object -> object.type != '' AND object.id != '',
        if(
            is_binary,
            JSONExtract(body, 'objects', 'Array(Tuple(type String, id String))'),
            JSONExtract(body, 'data', 'objects', 'Array(Tuple(type String, id String))'))) AS objects
SELECT
    mention, received_at, dead_letter_id, channel, code, substringUTF8(reason, 1, 1000) AS reason, source,
    event_type AS type, arrayDistinct(arrayMap(object -> object.type, objects)) AS object_types
FROM dead_letters
ARRAY JOIN arrayDistinct(arrayConcat(
    arrayMap(object -> concat(object.type, '/', object.id), arraySlice(objects, 1, 100)),
    if(position(subject, '/') > 1, [subject], []),
    if(run != '', [concat('/', run)], []))) AS mention
WHERE event_type != '' AND length(mention) <= 1000;

-- 0062_earlier_dead_letter_mentions
INSERT INTO dead_letter_mentions (mention, received_at, dead_letter_id, channel, code, reason, source, type, object_types)
WITH
    startsWith(trimLeft(body), '[') AS is_batch,
    headers['ce-type'] != '' AS is_binary,
    if(is_batch, '', if(is_binary, headers['ce-type'], JSONExtractString(body, 'type'))) AS event_type,
    if(is_binary, headers['ce-subject'], JSONExtractString(body, 'subject')) AS subject,
    if(is_binary, headers['ce-correlationid'], JSONExtractString(body, 'correlationid')) AS run,
    arrayFilter(
        object -> object.type != '' AND object.id != '',
        if(
            is_binary,
            JSONExtract(body, 'objects', 'Array(Tuple(type String, id String))'),
            JSONExtract(body, 'data', 'objects', 'Array(Tuple(type String, id String))'))) AS objects
SELECT
    mention, received_at, dead_letter_id, channel, code, substringUTF8(reason, 1, 1000) AS reason, source,
    event_type AS type, arrayDistinct(arrayMap(object -> object.type, objects)) AS object_types
FROM dead_letters
ARRAY JOIN arrayDistinct(arrayConcat(
    arrayMap(object -> concat(object.type, '/', object.id), arraySlice(objects, 1, 100)),
    if(position(subject, '/') > 1, [subject], []),
    if(run != '', [concat('/', run)], []))) AS mention
WHERE event_type != '' AND length(mention) <= 1000;

-- 0063_alert_causes
CREATE TABLE IF NOT EXISTS alert_causes ON CLUSTER revenue
(
    alert_id        String,
    kind            LowCardinality(String),
    service         LowCardinality(String),
    operation       LowCardinality(String),
    error           String,
    signature       String,
    seen_at         Nullable(DateTime64(6, 'UTC')),
    recorded_at     DateTime64(6, 'UTC'),
    spans           UInt64,
    last_hop        Tuple(service String, operation String, at DateTime64(6, 'UTC'), has_failed Bool),
    failures        UInt64,
    failed_calls    Array(Tuple(
        service String, operation String, error String, pattern String, signature String, is_origin Bool,
        has_recovered Bool, spans UInt64, first_at DateTime64(6, 'UTC'), last_at DateTime64(6, 'UTC'),
        trace_id String, span_id String)),
    dead_letter     Tuple(
        id String, received_at DateTime64(6, 'UTC'), channel String, code String, reason String, source String,
        type String)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', recorded_at)
ORDER BY alert_id
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0064_otel_traces_received
ALTER TABLE otel_traces_local ON CLUSTER revenue ADD INDEX IF NOT EXISTS idx_received_at ReceivedAt TYPE minmax GRANULARITY 1;

-- 0065_rule_versions
CREATE TABLE IF NOT EXISTS rule_versions ON CLUSTER revenue
(
    alert         String,
    number        UInt32,
    rule_group    String,
    rule_version  String,
    from_at       DateTime64(6, 'UTC'),
    definition    String CODEC(ZSTD(1)),
    reason        String,
    recorded_at   DateTime64(6, 'UTC')
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (alert, number, recorded_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0066_forecast_curves
CREATE TABLE IF NOT EXISTS forecast_curves ON CLUSTER revenue
(
    rule          LowCardinality(String),
    rule_version  LowCardinality(String),
    learnt_at     DateTime64(6, 'UTC'),
    segment       Array(String),
    cases         UInt64,
    completed     UInt64,
    longest_us    Nullable(Int64),
    earliest_us   Nullable(Int64),
    times_us      Array(Int64) CODEC(Delta, ZSTD(1)),
    survival      Array(Float64) CODEC(ZSTD(1)),
    variance      Array(Float64) CODEC(ZSTD(1)),
    waiting       Array(UInt64) CODEC(Delta, ZSTD(1)),
    recorded_at   DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', recorded_at)
ORDER BY (rule, rule_version, learnt_at, segment)
TTL toDateTime(learnt_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0067_notification_log_receipt
ALTER TABLE notification_log ON CLUSTER revenue ADD COLUMN IF NOT EXISTS receipt String;

-- 0068_audit_log
CREATE TABLE IF NOT EXISTS audit_log ON CLUSTER revenue
(
    number         UInt64,
    at             DateTime64(6, 'UTC'),
    who            String,
    token          String,
    kind           LowCardinality(String),
    subject        String,
    reason         String,
    details        String CODEC(ZSTD(1)),
    previous_hash  String,
    hash           String
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY number
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 3153600000, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0069_alert_actions
CREATE TABLE IF NOT EXISTS alert_actions ON CLUSTER revenue
(
    alert_id       String,
    acted_at       DateTime64(6, 'UTC'),
    action_id      String,
    alert          LowCardinality(String),
    object_type    LowCardinality(String),
    object_id      String,
    alert_version  UInt64,
    has_fired      Bool,
    kind           LowCardinality(String),
    value          String,
    acted_by       String,
    comment        String CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (alert_id, acted_at, action_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0070_silences
CREATE TABLE IF NOT EXISTS silences ON CLUSTER revenue
(
    silence_id  String,
    matchers    Array(String),
    starts_at   DateTime64(6, 'UTC'),
    ends_at     DateTime64(6, 'UTC'),
    created_by  String,
    comment     String,
    updated_at  DateTime64(6, 'UTC'),
    version     UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY silence_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0071_inbound_actions
CREATE TABLE IF NOT EXISTS inbound_actions ON CLUSTER revenue
(
    channel      LowCardinality(String),
    event_id     String,
    incident_id  String,
    dedup_key    String,
    kind         LowCardinality(String),
    acted_by     String,
    told_at      DateTime64(6, 'UTC'),
    outcome      LowCardinality(String),
    alerts       UInt32,
    recorded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', recorded_at)
ORDER BY (channel, event_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0072_kpi_cases
CREATE TABLE IF NOT EXISTS kpi_cases ON CLUSTER revenue
(
    kpi           LowCardinality(String),
    definition    LowCardinality(String),
    day           Date,
    object_type   LowCardinality(String),
    object_id     String,
    case_id       String,
    started_at    DateTime64(6, 'UTC'),
    ended_at      Nullable(DateTime64(6, 'UTC')),
    value         Nullable(Float64),
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String),
    region        LowCardinality(String),
    source        LowCardinality(String),
    segment       LowCardinality(String),
    version       UInt64,
    is_deleted    UInt8
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version, is_deleted)
ORDER BY (kpi, definition, day, object_type, object_id, case_id)
SETTINGS index_granularity = 2048;

-- 0073_fx_rates
CREATE TABLE IF NOT EXISTS fx_rates ON CLUSTER revenue
(
    currency   LowCardinality(String),
    valid_on   Date,
    rate       Decimal(38, 18),
    loaded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (loaded_at, currency, valid_on)
TTL toDateTime(loaded_at) + INTERVAL 400 DAY;

-- 0074_kpi_values
CREATE TABLE IF NOT EXISTS kpi_values ON CLUSTER revenue
(
    kpi           LowCardinality(String),
    definition    LowCardinality(String),
    unit          LowCardinality(String),
    starts_at     DateTime64(6, 'UTC'),
    ends_at       DateTime64(6, 'UTC'),
    legal_entity  LowCardinality(String),
    value         Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    cases         UInt64,
    unconverted   UInt64,
    stated_at     DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (kpi, definition, starts_at, legal_entity, stated_at);

-- 0075_incidents
CREATE TABLE IF NOT EXISTS incidents ON CLUSTER revenue
(
    incident_id    String,
    signature      String,
    kind           LowCardinality(String),
    service        LowCardinality(String),
    operation      LowCardinality(String),
    pattern        String,
    error          String,
    started_at     DateTime64(6, 'UTC'),
    first_seen_at  DateTime64(6, 'UTC'),
    ended_at       Nullable(DateTime64(6, 'UTC')),
    version        UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY incident_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0076_incident_members
CREATE TABLE IF NOT EXISTS incident_members ON CLUSTER revenue
(
    incident_id  String,
    alert_id     String,
    has_left     Bool,
    version      UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (incident_id, alert_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0077_alert_causes_pattern
ALTER TABLE alert_causes ON CLUSTER revenue ADD COLUMN IF NOT EXISTS pattern String;

-- 0078_notification_log_extent
ALTER TABLE notification_log ON CLUSTER revenue ADD COLUMN IF NOT EXISTS extent String;

-- 0079_notifications_extent
ALTER TABLE notifications ON CLUSTER revenue ADD COLUMN IF NOT EXISTS extent String;

-- 0080_escalations
CREATE TABLE IF NOT EXISTS escalations ON CLUSTER revenue
(
    receiver    LowCardinality(String),
    group_key   String,
    policy      LowCardinality(String),
    started_at  Nullable(DateTime64(6, 'UTC')),
    steps       UInt32,
    step_at     DateTime64(6, 'UTC'),
    told        Map(LowCardinality(String), UInt64),
    by_hand     Array(String),
    is_over     Bool,
    version     UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (receiver, group_key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0081_notification_log_escalated
ALTER TABLE notification_log ON CLUSTER revenue ADD COLUMN IF NOT EXISTS escalated_us UInt64;

-- 0082_notifications_escalated
ALTER TABLE notifications ON CLUSTER revenue ADD COLUMN IF NOT EXISTS escalated_us UInt64;

-- 0083_interventions
CREATE TABLE IF NOT EXISTS interventions ON CLUSTER revenue
(
    run_id           String,
    position         UInt32,
    intervention_id  String,
    version          UInt64,
    name             LowCardinality(String),
    object_type      LowCardinality(String),
    object_id        String,
    alert_id         String,
    amount           Nullable(Decimal(38, 9)),
    currency         Nullable(String),
    state            LowCardinality(String),
    detail           String,
    reason           String CODEC(ZSTD(1)),
    requested_by     String,
    requested_token  String,
    requested_at     DateTime64(6, 'UTC'),
    decided_by       String,
    attempts         UInt32,
    called_at        Nullable(DateTime64(6, 'UTC')),
    tried_at         Nullable(DateTime64(6, 'UTC')),
    due_at           Nullable(DateTime64(6, 'UTC')),
    updated_at       DateTime64(6, 'UTC')
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (run_id, position, intervention_id, version)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1;

-- 0084_hop_calls
CREATE TABLE IF NOT EXISTS hop_calls ON CLUSTER revenue
(
    known_at      DateTime('UTC') CODEC(Delta, ZSTD(1)),
    trace_id      String CODEC(ZSTD(1)),
    span_id       String CODEC(ZSTD(1)),
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    operation     LowCardinality(String),
    ended_at      DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns   UInt64 CODEC(ZSTD(1)),
    has_failed    Bool
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (known_at, trace_id, span_id);

-- 0085_hop_minutes
CREATE TABLE IF NOT EXISTS hop_minutes ON CLUSTER revenue
(
    minute        DateTime('UTC') CODEC(Delta, ZSTD(1)),
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    known_at      DateTime('UTC') CODEC(Delta, ZSTD(1)),
    calls         UInt64,
    failed        UInt64,
    durations     Map(UInt64, UInt64),
    version       UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (minute, from_service, to_service, known_at)
SETTINGS index_granularity = 1024;

-- 0086_hop_failures
CREATE TABLE IF NOT EXISTS hop_failures ON CLUSTER revenue
(
    trace_id      String,
    span_id       String,
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    operation     LowCardinality(String),
    ended_at      DateTime64(6, 'UTC'),
    has_failed    Bool,
    version       UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (trace_id, span_id)
SETTINGS index_granularity = 1024;

-- 0087_hop_objects
CREATE TABLE IF NOT EXISTS hop_objects ON CLUSTER revenue
(
    trace_id      String,
    object_type   LowCardinality(String),
    object_id     String,
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String),
    version       UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (trace_id, object_type, object_id)
SETTINGS index_granularity = 1024;

-- 0088_hop_milestones
CREATE TABLE IF NOT EXISTS hop_milestones ON CLUSTER revenue
(
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    object_type   LowCardinality(String),
    type          LowCardinality(String),
    seen_at       DateTime('UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', seen_at)
ORDER BY (from_service, to_service, object_type, type);

-- 0089_hop_messages
CREATE TABLE IF NOT EXISTS hop_messages ON CLUSTER revenue
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (object_type, object_id, occurred_at, source, event_id)
SETTINGS index_granularity = 1024;

-- 0090_hop_arrivals
CREATE TABLE IF NOT EXISTS hop_arrivals ON CLUSTER revenue
(
    object_type   LowCardinality(String),
    type          LowCardinality(String),
    occurred_at   DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    object_id     String,
    source        LowCardinality(String),
    event_id      String,
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (object_type, type, occurred_at, object_id, source, event_id);

-- 0091_kpi_cases_handoff
ALTER TABLE kpi_cases ON CLUSTER revenue ADD COLUMN IF NOT EXISTS handoff LowCardinality(String) DEFAULT '' AFTER segment,
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String) DEFAULT '' AFTER handoff;

-- 0092_kpi_days
CREATE TABLE IF NOT EXISTS kpi_days ON CLUSTER revenue
(
    kpi            LowCardinality(String),
    definition     LowCardinality(String),
    day            Date,
    is_marker      Bool,
    has_amount     Bool,
    legal_entity   LowCardinality(String),
    region         LowCardinality(String),
    currency       LowCardinality(String),
    segment        LowCardinality(String),
    source         LowCardinality(String),
    handoff        LowCardinality(String),
    rule           LowCardinality(String),
    version        UInt64,
    cases          UInt64,
    valued         UInt64,
    sum_of_values  Nullable(Float64),
    longest        Nullable(Float64),
    quantiles      AggregateFunction(quantilesExactInclusive(0.5, 0.9), Nullable(Float64)),
    stated         Nullable(Decimal(38, 9)),
    without        UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (kpi, definition, day, is_marker, has_amount, legal_entity, region, currency, segment, source, handoff, rule)
SETTINGS index_granularity = 512;

-- 0093_close_cases
CREATE TABLE IF NOT EXISTS close_cases ON CLUSTER revenue
(
    gate          LowCardinality(String),
    definition    LowCardinality(String),
    is_open       Bool,
    slot          UInt32,
    object_type   LowCardinality(String),
    object_id     String,
    case_id       String,
    started_at    DateTime64(6, 'UTC'),
    cleared_at    Nullable(DateTime64(6, 'UTC')),
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String),
    stuck_at      LowCardinality(String),
    stuck_since   DateTime64(6, 'UTC'),
    moved         Bool,
    version       UInt64,
    is_deleted    UInt8
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version, is_deleted)
ORDER BY (gate, definition, is_open, slot, object_type, object_id, case_id)
SETTINGS index_granularity = 1024;

-- 0094_close_cells
CREATE TABLE IF NOT EXISTS close_cells ON CLUSTER revenue
(
    gate            LowCardinality(String),
    definition      LowCardinality(String),
    slot            UInt32,
    legal_entity    LowCardinality(String),
    currency        LowCardinality(String),
    cases           UInt64,
    cleared         UInt64,
    unknown         UInt64,
    open_unknown    UInt64,
    amount          Nullable(Decimal(38, 9)),
    open_amount     Nullable(Decimal(38, 9)),
    oldest_open_at  Nullable(DateTime64(6, 'UTC')),
    digest          UInt64,
    version         UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (gate, definition, slot, legal_entity, currency);

-- 0095_close_sign_offs
CREATE TABLE IF NOT EXISTS close_sign_offs ON CLUSTER revenue
(
    legal_entity   LowCardinality(String),
    period         LowCardinality(String),
    at             DateTime64(6, 'UTC'),
    entry_id       String,
    kind           LowCardinality(String),
    who            String,
    reason         String,
    with_blockers  Bool,
    known_through  DateTime64(6, 'UTC'),
    score          Nullable(Float64),
    cells          String CODEC(ZSTD(1)),
    changes        String CODEC(ZSTD(1)),
    follows        String
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (legal_entity, period, at, entry_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0096_flow_counts
CREATE TABLE IF NOT EXISTS flow_counts ON CLUSTER revenue
(
    layout            LowCardinality(String),
    span              LowCardinality(String),
    hour              Int64,
    object_type       LowCardinality(String),
    from_type         LowCardinality(String),
    to_type           LowCardinality(String),
    again             UInt8,
    legal_entity      LowCardinality(String),
    region            LowCardinality(String),
    low_us            UInt64,
    currency          LowCardinality(String),
    number            Int64,
    unpriced          Int64,
    amount            Decimal(38, 9),
    number_before     Int64,
    unpriced_before   Int64,
    amount_before     Decimal(38, 9),
    version           UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (layout, span, hour, object_type, from_type, to_type, again, legal_entity, region, low_us, currency)
SETTINGS index_granularity = 2048;

-- 0097_kpi_readings
CREATE TABLE IF NOT EXISTS kpi_readings ON CLUSTER revenue
(
    kpi             LowCardinality(String),
    dimension       LowCardinality(String),
    window_seconds  UInt32,
    at              DateTime64(6, 'UTC'),
    definition      LowCardinality(String),
    currency        LowCardinality(String),
    labels          Array(String),
    figures         Array(Nullable(Decimal(38, 9))),
    reasons         Array(String),
    rest            Nullable(Decimal(38, 9)),
    rest_reason     String,
    types           Array(LowCardinality(String))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')
ORDER BY (kpi, dimension, window_seconds, at);

-- 0098_kpi_cases_version
ALTER TABLE kpi_cases ON CLUSTER revenue ADD INDEX IF NOT EXISTS idx_version version TYPE minmax GRANULARITY 1;

-- 0099_alert_states_recorded
ALTER TABLE alert_states ON CLUSTER revenue ADD INDEX IF NOT EXISTS idx_recorded_at recorded_at TYPE minmax GRANULARITY 1;

-- 0100_engine_claims
CREATE TABLE IF NOT EXISTS engine_claims ON CLUSTER revenue
(
    epoch        UInt64,
    holder       String,
    beat         UInt64,
    state        LowCardinality(String),
    is_resumed   Bool,
    recorded_at  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', beat)
ORDER BY (epoch, holder)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 0101_notifications_epoch
ALTER TABLE notifications ON CLUSTER revenue ADD COLUMN IF NOT EXISTS epoch UInt64 DEFAULT 0;

-- 0102_events_stamped_input
CREATE TABLE IF NOT EXISTS events_stamped_input ON CLUSTER revenue
(
    source           String,
    event_id         String,
    type             String,
    occurred_us      Int64,
    received_us      Int64,
    correlation_id   String,
    causation_id     String,
    trace_id         String,
    span_id          String,
    subject          String,
    objects          Array(Tuple(type String, id String, qualifier String)),
    amount           Nullable(Decimal(38, 9)),
    currency         String,
    legal_entity     String,
    region           String,
    attributes       Map(String, String),
    datacontenttype  String,
    dataschema       String,
    extensions       Map(String, String),
    data             String,
    data_base64      Bool,
    CONSTRAINT is_in_time CHECK received_us >= toUnixTimestamp64Micro(nowInBlock64(6)) - 3000000
)
ENGINE = Null;

-- 0103_events_stamped_view
CREATE MATERIALIZED VIEW IF NOT EXISTS events_stamped_view ON CLUSTER revenue TO events_input AS
SELECT * FROM events_stamped_input;
