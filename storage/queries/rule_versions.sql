-- Every adoption of a version of a rule, by alert name and in order.
-- columns: alert, number, rule_group, rule_version, from_at, definition, reason, recorded_at
SELECT alert, number, rule_group, rule_version, from_at, definition, reason, recorded_at
FROM rule_versions
ORDER BY alert, number, recorded_at
