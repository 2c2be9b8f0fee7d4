-- A case of every alert that fired: from when its rule was broken until that was made good, and open until then. One that
-- turned out to be wrong is none.
SELECT
    object_id,
    alert_id AS case_id,
    assumeNotNull(fired_at) AS started_at,
    if(state = 'resolved', resolved_at, NULL) AS ended_at,
    dateDiff('microsecond', started_at, ended_at) / 1e6 AS value,
    amount,
    currency,
    labels['source'] AS source
FROM alerts
WHERE isNotNull(fired_at) AND state != 'retracted'
