-- The interventions of a run as they stand, in its order.
-- params: run_id String
-- columns: intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
--   requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
SELECT
    intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
    requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
FROM interventions
WHERE run_id = {run_id:String}
ORDER BY position, intervention_id, version DESC, updated_at DESC
LIMIT 1 BY intervention_id
