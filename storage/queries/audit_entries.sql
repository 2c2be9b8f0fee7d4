-- The entries of a stretch of time from a number on, in order, so many and all that share the last one's number.
-- params: first UInt64, since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), limit UInt64
-- columns: number, at, who, token, kind, subject, reason, details, previous_hash, hash
SELECT number, at, who, token, kind, subject, reason, details, previous_hash, hash
FROM audit_log
WHERE number >= {first:UInt64} AND at >= {since:DateTime64(6, 'UTC')} AND at < {until:DateTime64(6, 'UTC')}
ORDER BY number
LIMIT {limit:UInt64} WITH TIES
