-- How many runs of the workflow the store knows, by the correlation ids of the events and by their members.
-- columns: correlation_ids, runs
SELECT
    (SELECT uniqExact(correlation_id) FROM events) AS correlation_ids,
    (SELECT uniqExact(run) FROM run_members FINAL) AS runs
