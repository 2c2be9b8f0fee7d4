-- Group commits since an instant, each known by when it was received, that have fewer milestones or arrivals than
-- their events name objects: the process was killed between the tables. Also those whose milestones were merged, as
-- of an event that names an object twice; they lack nothing.
-- params: since DateTime64(6, 'UTC'), arrivals_since DateTime64(6, 'UTC')
-- columns: received_at, objects
SELECT received_at, sum(named) AS objects
FROM
(
    SELECT received_at, length(objects) AS named, 0 AS milestones, 0 AS touched
    FROM events
    WHERE received_at >= {since:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT received_at, 0 AS named, 1 AS milestones, 0 AS touched
    FROM object_milestones
    WHERE received_at >= {since:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT received_at, 0 AS named, 0 AS milestones, 1 AS touched
    FROM arrivals
    WHERE received_at >= {since:DateTime64(6, 'UTC')}
)
GROUP BY received_at
HAVING sum(milestones) < objects
    OR (sum(touched) < objects AND received_at >= {arrivals_since:DateTime64(6, 'UTC')})
ORDER BY received_at
