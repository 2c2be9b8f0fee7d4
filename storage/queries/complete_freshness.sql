-- Notes again that the sources of the events since an instant have spoken: minima and maxima, which stay the same.
-- params: since DateTime64(6, 'UTC')
INSERT INTO source_freshness (source, type, first_received_at, last_received_at, last_occurred_at)
SELECT source, type, min(received_at), max(received_at), max(occurred_at)
FROM events
WHERE received_at >= {since:DateTime64(6, 'UTC')}
GROUP BY source, type
