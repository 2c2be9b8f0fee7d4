-- A case of every alert that fired: from when its rule was broken, at the deadline or the first failing fact, until that was
-- found out. One that turned out to be wrong is none, nor is one that was broken before its source was heard for the first
-- time: nobody could have found that out sooner.
SELECT
    object_id,
    alert_id AS case_id,
    assumeNotNull(fired_at) AS started_at,
    detected_at AS ended_at,
    dateDiff('microsecond', started_at, ended_at) / 1e6 AS value,
    amount,
    currency,
    labels['source'] AS source
FROM alerts
WHERE isNotNull(fired_at) AND isNotNull(detected_at) AND state != 'retracted'
    AND started_at >= heard_since - INTERVAL 1 MINUTE
