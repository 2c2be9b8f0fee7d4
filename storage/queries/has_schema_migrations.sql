-- Whether this database has a record of migrations at all, not before its first one, by which engine it is kept, and of which
-- version the server is.
-- columns: found, engine, server_version
SELECT count() > 0 AS found, any(engine) AS engine, version() AS server_version
FROM system.tables
WHERE database = currentDatabase() AND name = 'schema_migrations'
