-- A case of every object that has reached a `from`, at that instant: its value is 1 where a `to` is there by now, whenever
-- it occurred, else 0. With an `unless` the object is no case.
SELECT
    object_id,
    '' AS case_id,
    started_at,
    toNullable(started_at) AS ended_at,
    toNullable(if(is_reached, 1., 0.)) AS value,
    opening.1 AS amount,
    opening.2 AS currency,
    opening.3 AS source
FROM
(
    SELECT
        object_id,
        minIf(occurred_at, has(from_types, type)) AS started_at,
        countIf(has(to_types, type)) > 0 AS is_reached,
        argMinIf((amount, currency, source), (occurred_at, source, event_id), has(from_types, type)) AS opening
    FROM milestones
    GROUP BY object_id
    HAVING countIf(has(from_types, type)) > 0 AND countIf(has(unless_types, type)) = 0
)
