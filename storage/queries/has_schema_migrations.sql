-- Whether this database has a record of migrations at all: not before its first one.
-- columns: found
SELECT count() > 0 AS found FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'
