-- Writes the arrivals that events of some group commits lack, where they would not have expired.
-- params: groups Array(DateTime64(6, 'UTC')), arrivals_since DateTime64(6, 'UTC')
INSERT INTO arrivals (received_at, object_type, object_id)
SELECT received_at, object.type AS object_type, object.id AS object_id
FROM events
ARRAY JOIN objects AS object
WHERE received_at IN {groups:Array(DateTime64(6, 'UTC'))}
    AND received_at >= {arrivals_since:DateTime64(6, 'UTC')}
    AND (received_at, object_type, object_id) NOT IN (
        SELECT received_at, object_type, object_id
        FROM arrivals
        WHERE received_at IN {groups:Array(DateTime64(6, 'UTC'))}
    )
