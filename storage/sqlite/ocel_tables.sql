-- The tables of the file.
-- columns: name
SELECT name FROM sqlite_master WHERE type = 'table'
