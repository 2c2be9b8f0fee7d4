-- How long events, spans, log records and dead letters are kept: run what you want, with your days; nothing is deleted unless
-- you do. On a cluster the tables are events_local, otel_traces_local, otel_traces_trace_id_ts_local and otel_logs_local, with
-- ON CLUSTER behind the name. docs/operations.md, "Retention", says what each costs.
ALTER TABLE events MODIFY TTL toDateTime(received_at) + INTERVAL 400 DAY;
ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + INTERVAL 30 DAY;
ALTER TABLE otel_traces_trace_id_ts MODIFY TTL toDateTime(End) + INTERVAL 45 DAY;
ALTER TABLE otel_logs MODIFY TTL toDateTime(ReceivedAt) + INTERVAL 30 DAY;
ALTER TABLE dead_letters MODIFY TTL toDateTime(received_at) + INTERVAL 400 DAY;
