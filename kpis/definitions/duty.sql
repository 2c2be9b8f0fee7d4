-- A case of every duty: open until it is met or broken, with the value 1 where it was met in its window, else 0.
SELECT
    object_id,
    duty_id AS case_id,
    started_at,
    coalesce(broken_at, met_at) AS ended_at,
    if(isNull(ended_at), NULL, if(isNull(broken_at), 1., 0.)) AS value,
    amount,
    currency,
    source
FROM duties
