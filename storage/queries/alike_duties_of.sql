-- Which of some objects have an open duty under a version of a rule on objects that are alike.
-- params: rule_version String, object_ids Array(String)
-- columns: object_id
SELECT object_id
FROM alike_duties FINAL
WHERE rule_version = {rule_version:String} AND object_id IN {object_ids:Array(String)} AND isNotNull(due_at)
