-- The events of one type in an OCEL 2.0 file with all their attributes, in the order of their ids as text.
-- fragments: table
SELECT * FROM /*{table}*/ ORDER BY CAST(ocel_id AS TEXT)
