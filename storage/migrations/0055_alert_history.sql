-- What others query: every change of every alert, once, with the instant at which it became known.
CREATE VIEW IF NOT EXISTS alert_history AS
SELECT *, fromUnixTimestamp64Micro(toInt64(intDiv(version, 1000)), 'UTC') AS known_at
FROM alert_transitions FINAL
