-- Makes one table of a new SQLite file.
-- fragments: table, columns
CREATE TABLE /*{table}*/ (/*{columns}*/)
