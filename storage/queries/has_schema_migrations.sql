-- Whether this database has a record of migrations at all, not before its first one, and by which engine it is kept.
-- columns: found, engine
SELECT count() > 0 AS found, any(engine) AS engine
FROM system.tables
WHERE database = currentDatabase() AND name = 'schema_migrations'
