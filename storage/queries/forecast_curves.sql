-- What a version of a forecast rule learnt at an instant.
-- params: rule String, rule_version String, learnt_at DateTime64(6, 'UTC')
-- columns: segment, times_us, survival, variance, waiting, cases, completed, longest_us
SELECT segment, times_us, survival, variance, waiting, cases, completed, longest_us
FROM forecast_curves FINAL
WHERE rule = {rule:String}
    AND rule_version = {rule_version:String}
    AND learnt_at = {learnt_at:DateTime64(6, 'UTC')}
ORDER BY segment
