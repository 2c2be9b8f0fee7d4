-- How many rows each table has and what they take on disk, compressed, with their indexes.
-- columns: table, rows, bytes
SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes
FROM system.parts
WHERE active AND database = currentDatabase()
GROUP BY table
ORDER BY bytes DESC
