-- The columns of a table: number, name, the type that is declared, and what else SQLite tells of them.
-- fragments: table
PRAGMA table_info(/*{table}*/)
