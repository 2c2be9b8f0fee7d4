-- The migrations this store has, with the hash of the file each came from.
-- columns: name, digest
SELECT name, digest FROM schema_migrations ORDER BY name
