-- How far a file was taken; no row for one that is not known.
-- params: file String
-- columns: items, rejected
SELECT items, rejected
FROM file_checkpoints
WHERE file = {file:String}
ORDER BY recorded_at DESC
LIMIT 1
