-- Notes when the sources of the events received in (after, through] have spoken: minima and maxima, which the same
-- stretch noted twice does not change.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
INSERT INTO source_freshness (source, type, first_received_at, last_received_at, last_occurred_at)
SELECT source, type, min(received_at), max(received_at), max(occurred_at)
FROM events
WHERE received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
GROUP BY source, type
