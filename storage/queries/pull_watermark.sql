-- How far a pull has come by a column; no row before its first batch.
-- params: pull String, column_name String
-- columns: watermark
SELECT watermark
FROM pull_watermarks
WHERE pull = {pull:String} AND column_name = {column_name:String}
ORDER BY recorded_at DESC
LIMIT 1
