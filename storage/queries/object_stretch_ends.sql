-- The ids at which stretches of about `rows` milestones of one type end, but for the last: by the primary index, which
-- costs nothing to read and tells the first id of every few hundred rows.
-- params: object_type String, rows UInt64
-- columns: object_id
SELECT min(first_id) AS object_id
FROM
(
    SELECT
        object_id AS first_id,
        intDiv(
            sum(rows_in_granule) OVER (ORDER BY object_id, part_name, mark_number ROWS UNBOUNDED PRECEDING),
            {rows:UInt64}) AS stretch
    FROM mergeTreeIndex(currentDatabase(), 'object_milestones')
    WHERE object_type = {object_type:String}
)
WHERE stretch > 0
GROUP BY stretch
ORDER BY object_id
