-- A case of every alert that fired: from when that was found out until somebody took it on with an acknowledgement, and open
-- until then. One that was over before, or turned out to be wrong, is none.
SELECT
    object_id,
    alert_id AS case_id,
    assumeNotNull(detected_at) AS started_at,
    if(isNull(acknowledged_at), NULL, greatest(acknowledged_at, detected_at)) AS ended_at,
    dateDiff('microsecond', started_at, ended_at) / 1e6 AS value,
    amount,
    currency,
    labels['source'] AS source
FROM alerts
WHERE isNotNull(fired_at) AND isNotNull(detected_at) AND state != 'retracted'
    AND (isNotNull(acknowledged_at) OR isNull(resolved_at))
