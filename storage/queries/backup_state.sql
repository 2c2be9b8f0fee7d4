-- How a backup or a restoring stands.
-- params: run String
-- columns: status, error
SELECT toString(status) AS status, error FROM system.backups WHERE id = {run:String}
