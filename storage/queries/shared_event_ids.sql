-- Event ids that more than one source uses.
-- columns: event_id
SELECT event_id FROM events GROUP BY event_id HAVING uniqExact(source) > 1 ORDER BY event_id
