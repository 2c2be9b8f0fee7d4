-- What others query: the run of the workflow that each object belongs to, by the id people know it by. An object that
-- nothing is linked to has none.
CREATE VIEW IF NOT EXISTS object_runs AS
SELECT
    member.object_type AS object_type,
    member.object_id AS object_id,
    if(named.object_type = '', named.object_id, concat(named.object_type, '/', named.object_id)) AS run_id
FROM (SELECT object_type, object_id, run FROM run_members FINAL WHERE object_type != '') AS member
INNER JOIN (SELECT run, object_type, object_id FROM run_names FINAL) AS named USING run
