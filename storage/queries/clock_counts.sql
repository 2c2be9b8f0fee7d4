-- What was counted of a rule's clocks since a business instant, summed over the ticks that counted.
-- params: rule String, generation DateTime64(6, 'UTC'), since DateTime64(6, 'UTC')
-- columns: outcome_at, known_at, good, bad
SELECT outcome_at, known_at, sum(good) AS good, sum(bad) AS bad
FROM clock_counts FINAL
WHERE rule = {rule:String}
    AND generation = {generation:DateTime64(6, 'UTC')}
    AND outcome_at > {since:DateTime64(6, 'UTC')}
GROUP BY outcome_at, known_at
ORDER BY known_at, outcome_at
