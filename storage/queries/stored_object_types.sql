-- The object types that have an open alert or an open duty.
-- params: open_states Array(String)
-- columns: object_type
SELECT DISTINCT object_type FROM alert_states FINAL WHERE state IN {open_states:Array(String)}
UNION DISTINCT
SELECT DISTINCT object_type FROM open_duties FINAL WHERE isNotNull(due_at)
