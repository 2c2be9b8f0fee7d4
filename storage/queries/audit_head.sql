-- The last entry of the audit log, where it has one.
-- columns: number, hash
SELECT number, hash
FROM audit_log
ORDER BY number DESC, hash DESC
LIMIT 1
