-- How many milestones of each type objects reached, by their business time.
-- columns: time, milestone, reached
SELECT $__timeInterval_ms(occurred_at) AS time, toString(type) AS milestone, count() AS reached
FROM object_milestones FINAL
WHERE $__timeFilter_ms(occurred_at)
    AND $__conditionalAll(legal_entity IN (${legal_entity:singlequote}), $legal_entity)
GROUP BY time, milestone
ORDER BY time, milestone
