-- The objects of one type in an OCEL 2.0 file, in the order of their ids as text; a row for every change of one.
-- fragments: table
SELECT * FROM /*{table}*/ ORDER BY CAST(ocel_id AS TEXT)
