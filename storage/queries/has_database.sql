-- Whether there is a database of this name.
-- params: database String
-- columns: found
SELECT count() > 0 AS found FROM system.databases WHERE name = {database:String}
