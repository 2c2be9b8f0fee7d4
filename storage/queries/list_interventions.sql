-- Interventions as they stand, the newest first; an empty filter is none.
-- params: name String, object_type String, object_id String, run_id String, states Array(String), limit UInt32
-- columns: intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
--   requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
SELECT
    intervention_id, run_id, position, name, object_type, object_id, alert_id, amount, currency, state, detail, reason,
    requested_by, requested_token, requested_at, decided_by, attempts, called_at, tried_at, due_at, version, updated_at
FROM
(
    SELECT * FROM interventions
    WHERE ({name:String} = '' OR name = {name:String})
        AND ({object_type:String} = '' OR object_type = {object_type:String})
        AND ({object_id:String} = '' OR object_id = {object_id:String})
        AND ({run_id:String} = '' OR startsWith(run_id, {run_id:String}))
    ORDER BY intervention_id, version DESC, updated_at DESC
    LIMIT 1 BY intervention_id
)
WHERE empty({states:Array(String)}) OR has({states:Array(String)}, state)
ORDER BY requested_at DESC, run_id, position
LIMIT {limit:UInt32}
