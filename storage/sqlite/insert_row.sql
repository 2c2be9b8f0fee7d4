-- Adds a row to a table of a new SQLite file.
-- fragments: table, columns, places
INSERT INTO /*{table}*/ (/*{columns}*/) VALUES (/*{places}*/)
