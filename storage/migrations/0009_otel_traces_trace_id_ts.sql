-- When each trace began and ended: how a look-up by trace id finds the time range to read.
CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts
(
    TraceId  String CODEC(ZSTD(1)),
    Start    SimpleAggregateFunction(min, DateTime) CODEC(ZSTD(1)),
    End      SimpleAggregateFunction(max, DateTime) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY TraceId
SETTINGS index_granularity = 8192, merge_selector_base = 10, fsync_after_insert = 1, fsync_part_directory = 1
