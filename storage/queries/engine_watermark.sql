-- How far an engine has evaluated, and under which rules; no row before its first tick.
-- params: engine String
-- columns: evaluated_through, rules_version
SELECT evaluated_through, rules_version
FROM engine_watermarks FINAL
WHERE engine = {engine:String}
