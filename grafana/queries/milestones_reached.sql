-- How many milestones of each type objects reached in each hour, by their business time. Read from what is kept of the
-- flow, once a minute: to count all milestones of a month anew takes seconds.
-- columns: time, milestone, reached
WITH
    (SELECT argMax(layout, version) FROM flow_counts) AS latest_layout,
    toDateTime64(hour * 3600, 3, 'UTC') AS hour_at
SELECT $__timeInterval_ms(hour_at) AS time, toString(to_type) AS milestone, sum(number) AS reached
FROM flow_counts FINAL
WHERE layout = latest_layout AND span = 'hour' AND $__timeFilter_ms(hour_at)
    AND $__conditionalAll(legal_entity IN (${legal_entity:singlequote}), $legal_entity)
GROUP BY time, milestone
HAVING reached != 0
ORDER BY time, milestone
