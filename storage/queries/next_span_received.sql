-- When the first span in (after, through] was received; no row where none was.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: received_at
SELECT min(arrived_at) AS received_at
FROM
(
    SELECT ReceivedAt AS arrived_at
    FROM otel_traces
    WHERE ReceivedAt > {after:DateTime64(6, 'UTC')} AND ReceivedAt <= {through:DateTime64(6, 'UTC')}
)
HAVING count() > 0
