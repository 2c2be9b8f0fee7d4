-- What is kept of the rules on traffic.
-- columns: rule, rule_version, through, state
SELECT rule, rule_version, through, state
FROM series_states FINAL
WHERE rule_version != ''
