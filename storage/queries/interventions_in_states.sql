-- The interventions that are in some of their states, as they stand, in the order of their runs.
-- params: states Array(String)
-- columns: intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
--   requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
SELECT
    intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
    requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
FROM
(
    SELECT * FROM interventions
    ORDER BY intervention_id, version DESC, updated_at DESC
    LIMIT 1 BY intervention_id
)
WHERE has({states:Array(String)}, state)
ORDER BY requested_at, run_id, position
