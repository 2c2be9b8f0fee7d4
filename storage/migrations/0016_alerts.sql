-- What others query: one row per alert, as it stands now.
CREATE VIEW IF NOT EXISTS alerts AS
SELECT * FROM alert_states FINAL
