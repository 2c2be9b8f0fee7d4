-- When the first stored span was received; no row where there is none by `known_at`.
-- params: known_at DateTime64(6, 'UTC')
-- columns: received_at
SELECT min(arrived_at) AS received_at
FROM (SELECT ReceivedAt AS arrived_at FROM otel_traces WHERE ReceivedAt <= {known_at:DateTime64(6, 'UTC')})
HAVING count() > 0
