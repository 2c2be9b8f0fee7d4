-- Group commits in a stretch of time, each known by when it was received, that have fewer milestones than their events
-- name objects: the process was killed between the tables. Also those whose milestones were merged, as of an event
-- that names an object twice; they lack nothing.
-- params: since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC')
-- columns: received_at, objects
SELECT received_at, sum(named) AS objects
FROM
(
    SELECT received_at, length(objects) AS named, 0 AS milestones
    FROM events
    WHERE received_at >= {since:DateTime64(6, 'UTC')} AND received_at <= {until:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT received_at, 0 AS named, 1 AS milestones
    FROM object_milestones
    WHERE received_at >= {since:DateTime64(6, 'UTC')} AND received_at <= {until:DateTime64(6, 'UTC')}
)
GROUP BY received_at
HAVING sum(milestones) < objects
ORDER BY received_at
