-- What a statement that finds cases names, as a tree in lines: read and not worked out, so that no function runs.
-- fragments: cases
-- columns: explain
SELECT explain
FROM
(
    EXPLAIN QUERY TREE run_passes = 0 SELECT * FROM (
        /*{cases}*/
    )
)
