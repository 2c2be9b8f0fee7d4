-- Keeps which events the called services sent in answer to the calls known in (after, through], of events received from
-- `events_since` on.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), events_since DateTime64(6, 'UTC')
INSERT INTO hop_milestones (from_service, to_service, object_type, type, seen_at)
SELECT
    from_service, to_service,
    -- The first object that an event names is what it is about.
    sent.objects[1].1 AS object_type,
    sent.type AS type,
    toDateTime({through:DateTime64(6, 'UTC')}, 'UTC')
FROM
(
    SELECT trace_id, span_id, from_service, to_service
    FROM hop_calls FINAL
    WHERE known_at > {after:DateTime64(6, 'UTC')} AND known_at <= {through:DateTime64(6, 'UTC')} AND NOT has_failed
) AS calls
INNER JOIN
(
    SELECT trace_id, span_id, type, objects
    FROM events
    WHERE received_at >= {events_since:DateTime64(6, 'UTC')} AND span_id != '' AND notEmpty(objects)
        AND trace_id IN
        (
            SELECT trace_id
            FROM hop_calls
            WHERE known_at > {after:DateTime64(6, 'UTC')} AND known_at <= {through:DateTime64(6, 'UTC')}
        )
) AS sent USING (trace_id, span_id)
GROUP BY from_service, to_service, object_type, type
