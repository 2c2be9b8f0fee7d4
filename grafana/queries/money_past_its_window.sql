-- What has passed its service window and was not resolved: each object once, in its own currency. An amount that no system
-- has stated is counted beside it, never added. The time range does not matter: what stands, stands now.
-- columns: currency, amount, objects, objects_without_amount
SELECT
    ifNull(stated.1, '') AS currency,
    sum(stated.2) AS amount,
    count() AS objects,
    countIf(isNull(stated.2)) AS objects_without_amount
FROM
(
    SELECT object_type, object_id, argMax((currency, amount), (isNotNull(amount), changed_at)) AS stated
    FROM alerts
    WHERE state = 'firing' AND alert != 'SourceSilent'
        AND $__conditionalAll(labels['legal_entity'] IN (${legal_entity:singlequote}), $legal_entity)
    GROUP BY object_type, object_id
)
GROUP BY currency
ORDER BY amount DESC NULLS LAST
