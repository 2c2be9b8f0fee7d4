-- The runs whose id begins so; two where it is not the only one.
-- params: beginning String
-- columns: run_id
SELECT DISTINCT run_id
FROM interventions
WHERE startsWith(run_id, {beginning:String})
ORDER BY run_id
LIMIT 2
