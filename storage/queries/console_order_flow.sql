-- How the orders approved in a stretch of time fared on their way into the ERP, and those of the stretch before
-- it: decided are those posted or with an alert that fired, late are those with such an alert. Retracted alerts
-- were wrong and do not count. Rows are read by arrival, which an occurrence may precede but hardly follows.
-- params: since DateTime64(6, 'UTC'), middle DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), entities Array(String), regions Array(String)
-- columns: is_current, approved, decided, late, posted, median_seconds
WITH late_orders AS
(
    SELECT object_id
    FROM alerts
    WHERE object_type = 'order' AND isNotNull(fired_at) AND state != 'retracted'
)
SELECT
    is_current,
    count() AS approved,
    countIf(is_posted OR is_late) AS decided,
    countIf(is_late) AS late,
    countIf(is_posted) AS posted,
    quantileExactIf(0.5)(dateDiff('microsecond', approved_at, posted_at) / 1e6, is_posted) AS median_seconds
FROM
(
    SELECT
        object_id,
        minIf(occurred_at, type = 'order.approved') AS approved_at,
        minIf(occurred_at, type = 'order.posted') AS posted_at,
        countIf(type = 'order.posted') > 0 AND posted_at >= approved_at AS is_posted,
        object_id IN (SELECT object_id FROM late_orders) AS is_late,
        approved_at >= {middle:DateTime64(6, 'UTC')} AS is_current
    FROM object_milestones
    WHERE object_type = 'order'
        AND type IN ('order.approved', 'order.posted')
        AND received_at >= {since:DateTime64(6, 'UTC')} - INTERVAL 1 DAY
        AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at <= {until:DateTime64(6, 'UTC')}
    GROUP BY object_id
    -- Of the order, and not of each event: a posting hardly ever says it again.
    HAVING countIf(type = 'order.approved') > 0
        AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, toString(maxIf(legal_entity, legal_entity != ''))))
        AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, toString(maxIf(region, region != ''))))
)
GROUP BY is_current
ORDER BY is_current
