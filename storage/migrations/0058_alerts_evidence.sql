-- What others query: one row per alert, as it stands now; anew, since a view keeps the columns it was made with.
CREATE OR REPLACE VIEW alerts AS
SELECT * FROM alert_states FINAL
