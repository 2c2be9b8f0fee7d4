-- A case of every alert that fired, at the instant at which its rule was broken, with the value 1. One that turned out to be
-- wrong is none.
SELECT
    object_id,
    alert_id AS case_id,
    assumeNotNull(fired_at) AS started_at,
    fired_at AS ended_at,
    toNullable(1.) AS value,
    amount,
    currency,
    labels['source'] AS source
FROM alerts
WHERE isNotNull(fired_at) AND state != 'retracted'
