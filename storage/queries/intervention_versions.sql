-- Every version of the intervention whose id begins so, in order; of two interventions where it is not the only one.
-- params: beginning String
-- columns: intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
--   requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
SELECT
    intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
    requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
FROM interventions
WHERE startsWith(intervention_id, {beginning:String})
    AND intervention_id IN
    (
        SELECT DISTINCT intervention_id FROM interventions
        WHERE startsWith(intervention_id, {beginning:String})
        ORDER BY intervention_id
        LIMIT 2
    )
ORDER BY intervention_id, version
LIMIT 1 BY intervention_id, version
