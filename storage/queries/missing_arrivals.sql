-- Arrivals of the events received since an instant that are not in `arrivals`, because the process was killed
-- after the event was written and before they were.
-- params: since DateTime64(6, 'UTC')
-- columns: received_at, object_type, object_id
SELECT DISTINCT received_at, object.type AS object_type, object.id AS object_id
FROM events
ARRAY JOIN objects AS object
WHERE received_at >= {since:DateTime64(6, 'UTC')}
    AND (received_at, object_type, object_id) NOT IN (
        SELECT received_at, object_type, object_id FROM arrivals WHERE received_at >= {since:DateTime64(6, 'UTC')}
    )
