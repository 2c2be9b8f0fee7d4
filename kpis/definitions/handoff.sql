-- A case of every object: from its first `from` to the first `to` at or after it, and open without one. Its value is how
-- long that took in seconds. An `unless` before that, or at the same instant, leaves nothing to wait for, and no case.
SELECT
    object_id,
    '' AS case_id,
    started_at,
    if(empty(stops), NULL, arrayMin(stops)) AS ended_at,
    dateDiff('microsecond', started_at, ended_at) / 1e6 AS value,
    opening.1 AS amount,
    opening.2 AS currency,
    opening.3 AS source
FROM
(
    SELECT
        object_id,
        minIf(occurred_at, has(from_types, type)) AS started_at,
        arrayFilter(at -> at >= started_at, groupArrayIf(occurred_at, has(to_types, type))) AS stops,
        groupArrayIf(occurred_at, has(unless_types, type)) AS ends,
        argMinIf((amount, currency, source), (occurred_at, source, event_id), has(from_types, type)) AS opening
    FROM milestones
    GROUP BY object_id
    HAVING countIf(has(from_types, type)) > 0
)
WHERE NOT arrayExists(at -> isNull(ended_at) OR at <= ended_at, ends)
