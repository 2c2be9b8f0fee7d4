-- The hashes of the entries of one number: one, unless the log was tampered with.
-- params: number UInt64
-- columns: hash
SELECT hash
FROM audit_log
WHERE number = {number:UInt64}
