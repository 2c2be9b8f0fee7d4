-- Who may read one legal entity and nothing else. A template: put the entity in the place of DE01 and run it, such as
-- sed 's/DE01/FR01/g' deploy/clickhouse/entity.sql | clickhouse-client --multiquery
-- Only tables whose rows state their entity are granted: what is not here (spans, notifications, …) is not seen at all.
CREATE ROLE IF NOT EXISTS milepost_entity_DE01;
GRANT SELECT ON milepost.object_milestones TO milepost_entity_DE01;
GRANT SELECT ON milepost.alert_states TO milepost_entity_DE01;
GRANT SELECT ON milepost.alerts TO milepost_entity_DE01;
GRANT SELECT ON milepost.kpi_values TO milepost_entity_DE01;
GRANT SELECT ON milepost.flow_counts TO milepost_entity_DE01;
GRANT SELECT ON milepost.close_cells TO milepost_entity_DE01;
GRANT SELECT ON milepost.close_sign_offs TO milepost_entity_DE01;
CREATE ROW POLICY IF NOT EXISTS entity_DE01 ON milepost.object_milestones FOR SELECT USING legal_entity = 'DE01' TO milepost_entity_DE01;
CREATE ROW POLICY IF NOT EXISTS entity_DE01 ON milepost.alert_states FOR SELECT USING labels['legal_entity'] = 'DE01' TO milepost_entity_DE01;
CREATE ROW POLICY IF NOT EXISTS entity_DE01 ON milepost.kpi_values FOR SELECT USING legal_entity = 'DE01' TO milepost_entity_DE01;
CREATE ROW POLICY IF NOT EXISTS entity_DE01 ON milepost.flow_counts FOR SELECT USING legal_entity = 'DE01' TO milepost_entity_DE01;
CREATE ROW POLICY IF NOT EXISTS entity_DE01 ON milepost.close_cells FOR SELECT USING legal_entity = 'DE01' TO milepost_entity_DE01;
CREATE ROW POLICY IF NOT EXISTS entity_DE01 ON milepost.close_sign_offs FOR SELECT USING legal_entity = 'DE01' TO milepost_entity_DE01;
-- Milepost's own roles see all. Whoever else is granted these tables and has no policy sees all of them, too, as ClickHouse's own
-- config.xml has it; with users_without_row_policies_can_read_rows set to false there they see nothing.
CREATE ROW POLICY IF NOT EXISTS all_entities ON milepost.object_milestones FOR SELECT USING 1 TO milepost_owner, milepost_writer, milepost_console, milepost_reader;
CREATE ROW POLICY IF NOT EXISTS all_entities ON milepost.alert_states FOR SELECT USING 1 TO milepost_owner, milepost_writer, milepost_console, milepost_reader;
CREATE ROW POLICY IF NOT EXISTS all_entities ON milepost.kpi_values FOR SELECT USING 1 TO milepost_owner, milepost_writer, milepost_console, milepost_reader;
CREATE ROW POLICY IF NOT EXISTS all_entities ON milepost.flow_counts FOR SELECT USING 1 TO milepost_owner, milepost_writer, milepost_console, milepost_reader;
CREATE ROW POLICY IF NOT EXISTS all_entities ON milepost.close_cells FOR SELECT USING 1 TO milepost_owner, milepost_writer, milepost_console, milepost_reader;
CREATE ROW POLICY IF NOT EXISTS all_entities ON milepost.close_sign_offs FOR SELECT USING 1 TO milepost_owner, milepost_writer, milepost_console, milepost_reader;
CREATE QUOTA IF NOT EXISTS milepost_entity_DE01 FOR INTERVAL 1 minute MAX queries = 300, read_rows = 500000000, execution_time = 60 TO milepost_entity_DE01;
