-- The incidents that are open, and those that changed at or after that version, without what waits behind them.
-- params: since UInt64
-- columns: incident_id, signature, kind, service, operation, pattern, error, started_at, first_seen_at, ended_at, version
SELECT incident_id, signature, kind, service, operation, pattern, error, started_at, first_seen_at, ended_at, version
FROM incidents FINAL
WHERE ended_at IS NULL OR version >= {since:UInt64}
ORDER BY version, incident_id
