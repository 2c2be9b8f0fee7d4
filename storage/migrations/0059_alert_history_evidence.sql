-- What others query: every change of every alert, once, with the instant at which it became known; anew, since a view
-- keeps the columns it was made with.
CREATE OR REPLACE VIEW alert_history AS
SELECT *, fromUnixTimestamp64Micro(toInt64(intDiv(version, 1000)), 'UTC') AS known_at
FROM alert_transitions FINAL
