-- What each part of Milepost may do in the database `milepost`: run once by an administrator, then
-- CREATE USER engine IDENTIFIED BY '…' and GRANT milepost_writer TO engine. docs/operations.md, "Users and roles". On a
-- cluster with ON CLUSTER behind each name that is created and behind each GRANT. A test derives what is granted here from
-- the statements that Milepost has, so that none is forgotten and none is too much.
CREATE ROLE IF NOT EXISTS milepost_owner;
CREATE ROLE IF NOT EXISTS milepost_writer;
CREATE ROLE IF NOT EXISTS milepost_console;
CREATE ROLE IF NOT EXISTS milepost_backup;
CREATE ROLE IF NOT EXISTS milepost_reader;
-- The owner makes the database and brings its schema up to date (`milepost migrate`), and restores it; the others find it so,
-- and may change no table. Views write with the rights of the user who made them: that user has to stay.
GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, ALTER, DROP TABLE, DROP VIEW, SELECT, INSERT ON milepost.* TO milepost_owner;
-- For a cluster: statements ON CLUSTER, and Distributed tables.
GRANT CLUSTER, REMOTE ON *.* TO milepost_owner;
-- `milepost backup`, also on a cluster.
GRANT BACKUP ON milepost.* TO milepost_backup;
GRANT SELECT ON system.backups TO milepost_backup;
GRANT CLUSTER ON *.* TO milepost_backup;
GRANT milepost_backup TO milepost_owner;
-- Collector, engine and commands: every table is read and appended to. The members of runs are found anew by emptying three
-- tables; the milestones of what a rival stored of an event that another collector took first are taken away.
GRANT SELECT, INSERT ON milepost.* TO milepost_writer;
GRANT ALTER DELETE ON milepost.engine_watermarks TO milepost_writer;
GRANT ALTER DELETE ON milepost.object_milestones TO milepost_writer;
GRANT TRUNCATE ON milepost.run_members TO milepost_writer;
GRANT TRUNCATE ON milepost.run_names TO milepost_writer;
GRANT TRUNCATE ON milepost.run_contents TO milepost_writer;
-- Pulls read other databases through table functions of the server; leave out what you do not pull from.
GRANT CREATE TEMPORARY TABLE, POSTGRES, MYSQL, S3, URL, FILE ON *.* TO milepost_writer;
-- The console reads, and writes what people do: it cannot make tokens, notifications or figures.
GRANT SELECT ON milepost.* TO milepost_console;
GRANT INSERT ON milepost.audit_log TO milepost_console;
GRANT INSERT ON milepost.alert_actions TO milepost_console;
GRANT INSERT ON milepost.silences TO milepost_console;
GRANT INSERT ON milepost.interventions TO milepost_console;
GRANT INSERT ON milepost.close_sign_offs TO milepost_console;
GRANT INSERT ON milepost.alert_transitions TO milepost_console;
GRANT INSERT ON milepost.alert_states TO milepost_console;
-- It replays dead letters as a collector takes them.
GRANT INSERT ON milepost.dead_letter_attempts TO milepost_console;
GRANT INSERT ON milepost.dead_letters TO milepost_console;
GRANT INSERT ON milepost.contract_flags TO milepost_console;
GRANT INSERT ON milepost.events_input TO milepost_console;
GRANT INSERT ON milepost.events_stamped_input TO milepost_console;
GRANT INSERT ON milepost.otlp_traces_input TO milepost_console;
GRANT INSERT ON milepost.otlp_logs_input TO milepost_console;
GRANT INSERT ON milepost.object_milestones TO milepost_console;
GRANT ALTER DELETE ON milepost.object_milestones TO milepost_console;
-- Boards and people with SQL read what the README names as stable, and no tokens. Where a cluster's remote_servers has a secret,
-- grant events_local, otel_traces_local, otel_traces_trace_id_ts_local and otel_logs_local as well.
GRANT SELECT ON milepost.events TO milepost_reader;
GRANT SELECT ON milepost.otel_traces TO milepost_reader;
GRANT SELECT ON milepost.otel_logs TO milepost_reader;
GRANT SELECT ON milepost.object_milestones TO milepost_reader;
GRANT SELECT ON milepost.alerts TO milepost_reader;
GRANT SELECT ON milepost.alert_history TO milepost_reader;
GRANT SELECT ON milepost.notifications TO milepost_reader;
GRANT SELECT ON milepost.dead_letters TO milepost_reader;
GRANT SELECT ON milepost.source_freshness TO milepost_reader;
GRANT SELECT ON milepost.source_traffic TO milepost_reader;
GRANT SELECT ON milepost.contract_flags TO milepost_reader;
GRANT SELECT ON milepost.object_runs TO milepost_reader;
GRANT SELECT ON milepost.audit_log TO milepost_reader;
GRANT SELECT ON milepost.alert_actions TO milepost_reader;
GRANT SELECT ON milepost.kpi_values TO milepost_reader;
-- What those views and Grafana's boards and its view of traces read besides.
GRANT SELECT ON milepost.alert_states TO milepost_reader;
GRANT SELECT ON milepost.alert_transitions TO milepost_reader;
GRANT SELECT ON milepost.run_members TO milepost_reader;
GRANT SELECT ON milepost.run_names TO milepost_reader;
GRANT SELECT ON milepost.flow_counts TO milepost_reader;
GRANT SELECT ON milepost.otel_traces_trace_id_ts TO milepost_reader;
-- What a board may cost in a minute: one that asks too much waits, and the engine does not.
CREATE QUOTA IF NOT EXISTS milepost_reader FOR INTERVAL 1 minute MAX queries = 600, read_rows = 2000000000, execution_time = 120 TO milepost_reader;
