-- What alerts' causes were found to be at or after an instant, the last of each alert: no more of it than incidents need.
-- `first_at` is when the hop first failed so.
-- params: since DateTime64(6, 'UTC')
-- columns: alert_id, signature, kind, service, operation, pattern, error, first_at, recorded_at
SELECT
    alert_id, signature, kind, service, operation,
    if(pattern = '', arrayFirst(call -> call.signature = signature, failed_calls).pattern, pattern) AS pattern,
    error,
    if(kind = 'failed_call',
        arrayFirst(call -> call.signature = signature, failed_calls).first_at,
        dead_letter.received_at) AS first_at,
    recorded_at
FROM
(
    SELECT *
    FROM alert_causes
    PREWHERE recorded_at >= {since:DateTime64(6, 'UTC')}
    ORDER BY recorded_at DESC
    LIMIT 1 BY alert_id
)
ORDER BY recorded_at, alert_id
