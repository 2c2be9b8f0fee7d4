-- At which instants each version of each forecast rule learnt, and the least counted time after which what it learnt then
-- makes a clock at risk.
-- columns: rule, rule_version, learnt_at, earliest_us
SELECT rule, rule_version, learnt_at, min(earliest_us) AS earliest_us
FROM forecast_curves
GROUP BY rule, rule_version, learnt_at
HAVING countIf(empty(segment)) > 0
ORDER BY rule, rule_version, learnt_at
