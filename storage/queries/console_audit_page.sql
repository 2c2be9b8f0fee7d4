-- One page of the audit log, the newest entries first; of one kind of act where it is given, such as `silence.`.
-- params: kind String, limit UInt32, offset UInt32
-- columns: number, at, who, token, kind, subject, reason, details, previous_hash, hash, total
SELECT number, at, who, token, kind, subject, reason, details, previous_hash, hash, count() OVER () AS total
FROM audit_log
WHERE startsWith(kind, {kind:String})
ORDER BY number DESC, hash
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
