-- The entries of one kind, in order.
-- params: kind String
-- columns: number, at, who, token, kind, subject, reason, details, previous_hash, hash
SELECT number, at, who, token, kind, subject, reason, details, previous_hash, hash
FROM audit_log
WHERE kind = {kind:String}
ORDER BY number
