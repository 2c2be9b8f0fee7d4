-- How many alerts stand in each state.
-- columns: state, alerts
SELECT state, count() AS alerts FROM alerts GROUP BY state
