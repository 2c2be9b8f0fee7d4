-- Adds a column to a table of a new SQLite file.
-- fragments: table, column
ALTER TABLE /*{table}*/ ADD COLUMN /*{column}*/
