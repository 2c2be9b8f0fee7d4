-- What each role of Milepost may do in the database `milepost`: run once by an administrator, then
-- CREATE USER … and GRANT milepost_engine TO …. docs/operations.md, "Users and roles".
-- The owner brings the schema up to date (`milepost migrate`); the others find it so, and may change no table.
CREATE ROLE IF NOT EXISTS milepost_owner;
CREATE ROLE IF NOT EXISTS milepost_writer;
CREATE ROLE IF NOT EXISTS milepost_console;
CREATE ROLE IF NOT EXISTS milepost_reader;
GRANT CREATE, ALTER, DROP, TRUNCATE, SELECT, INSERT ON milepost.* TO milepost_owner;
GRANT CLUSTER ON *.* TO milepost_owner;
-- Collector and engine: every table is read and appended to; the members of runs are found anew by emptying three.
GRANT CREATE DATABASE, SELECT, INSERT ON milepost.* TO milepost_writer;
GRANT TRUNCATE ON milepost.run_members TO milepost_writer;
GRANT TRUNCATE ON milepost.run_names TO milepost_writer;
GRANT TRUNCATE ON milepost.run_contents TO milepost_writer;
-- The console reads, and writes what people do: what moves money or history goes through the audit log first.
GRANT CREATE DATABASE, SELECT ON milepost.* TO milepost_console;
GRANT INSERT ON milepost.audit_log TO milepost_console;
GRANT INSERT ON milepost.alert_actions TO milepost_console;
GRANT INSERT ON milepost.silences TO milepost_console;
GRANT INSERT ON milepost.interventions TO milepost_console;
GRANT INSERT ON milepost.dead_letter_attempts TO milepost_console;
GRANT INSERT ON milepost.close_sign_offs TO milepost_console;
-- Boards read what the README names as stable, and no tokens.
GRANT SELECT ON milepost.* TO milepost_reader;
REVOKE SELECT ON milepost.access_tokens FROM milepost_reader;
-- What a board may cost in a minute: one that asks too much waits, and the engine does not.
CREATE QUOTA IF NOT EXISTS milepost_reader FOR INTERVAL 1 minute MAX queries = 600, read_rows = 2000000000, execution_time = 120 TO milepost_reader;
