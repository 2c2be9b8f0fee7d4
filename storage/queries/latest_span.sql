-- When the latest span was received; 1970 where there is none.
-- params:
-- columns: received_at
SELECT max(ReceivedAt) AS received_at
FROM otel_traces
