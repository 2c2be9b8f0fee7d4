-- Whether the store answers.
-- columns: answer
SELECT 1 AS answer
