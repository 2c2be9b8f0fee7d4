-- When an intervention was tried after an instant, whatever for, in order.
-- params: name String, after DateTime64(6, 'UTC')
-- columns: tried_at
SELECT assumeNotNull(interventions.tried_at) AS tried_at
FROM interventions
WHERE name = {name:String} AND state = 'calling' AND interventions.tried_at > {after:DateTime64(6, 'UTC')}
ORDER BY tried_at
LIMIT 1 BY intervention_id, version
