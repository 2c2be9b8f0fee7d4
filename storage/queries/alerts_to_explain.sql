-- The open alerts that were stored in (after, through], and those of which telemetry says something new since then:
-- a span of one of their traces, a refused event on their object or run or a new try at one, a message that the
-- middleware parked or got rid of. `since` lies before `after` by as long as an insert may take to become visible; an
-- alert that was looked at with as many spans as its traces have by now is left out, since those are the same ones.
-- params: after DateTime64(6, 'UTC'), since DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'),
--   open_states Array(String), parked_types Array(String)
-- columns: alert_id, object_type, object_id
WITH open_alerts AS
(
    SELECT alert_id, object_type, object_id, correlation_id, trace_ids, recorded_at
    FROM
    (
        SELECT alert_id, state, object_type, object_id, correlation_id, trace_ids, recorded_at
        FROM alert_states
        PREWHERE alert_id IN (SELECT alert_id FROM alert_states WHERE state IN {open_states:Array(String)})
        ORDER BY version DESC
        LIMIT 1 BY alert_id
    )
    WHERE state IN {open_states:Array(String)}
),
traced AS
(
    SELECT alert_id, trace_id
    FROM open_alerts
    ARRAY JOIN trace_ids AS trace_id
),
of_recent_spans AS
(
    SELECT alert_id, trace_id
    FROM traced
    WHERE alert_id IN
    (
        SELECT alert_id
        FROM traced
        WHERE trace_id IN
        (
            SELECT TraceId
            FROM otel_traces
            WHERE ReceivedAt > {since:DateTime64(6, 'UTC')} AND ReceivedAt <= {through:DateTime64(6, 'UTC')}
                AND TraceId IN (SELECT trace_id FROM traced)
        )
    )
),
news_of_spans AS
(
    SELECT alert_id
    FROM
    (
        SELECT alert_id, sum(there.spans) AS spans
        FROM of_recent_spans
        INNER JOIN
        (
            SELECT TraceId AS trace_id, uniqExact(SpanId) AS spans
            FROM otel_traces
            WHERE TraceId IN (SELECT trace_id FROM of_recent_spans)
                AND ReceivedAt <= {through:DateTime64(6, 'UTC')}
            GROUP BY trace_id
        ) AS there USING trace_id
        GROUP BY alert_id
    )
    WHERE (alert_id, spans) NOT IN
    (
        SELECT alert_id, spans FROM alert_causes FINAL WHERE alert_id IN (SELECT alert_id FROM of_recent_spans)
    )
),
news_of_letters AS
(
    SELECT mention
    FROM dead_letter_mentions
    WHERE (received_at > {since:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')})
        OR dead_letter_id IN
        (
            SELECT dead_letter_id
            FROM dead_letter_attempts
            WHERE attempted_at > {since:DateTime64(6, 'UTC')} AND attempted_at <= {through:DateTime64(6, 'UTC')}
        )
)
SELECT alert_id, object_type, object_id
FROM open_alerts
WHERE
    (recorded_at > {after:DateTime64(6, 'UTC')} AND recorded_at <= {through:DateTime64(6, 'UTC')})
    OR alert_id IN (SELECT alert_id FROM news_of_spans)
    OR (object_type, object_id) IN
    (
        SELECT object_type, object_id
        FROM object_milestones
        WHERE received_at > {since:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
            AND type IN {parked_types:Array(String)}
    )
    OR concat(object_type, '/', object_id) IN (SELECT mention FROM news_of_letters)
    OR concat('/', ifNull(correlation_id, '')) IN (SELECT mention FROM news_of_letters)
ORDER BY alert_id
