-- One page of the open alerts: what is past its deadline first, then the gravest, then the longest overdue.
-- params: entities Array(String), regions Array(String), limit UInt32, offset UInt32
-- columns: alert_id, alert, object_type, object_id, state, started_at, deadline_at, severity, amount, currency,
--     correlation_id, reason, legal_entity, region, intervention, total
SELECT
    alert_id, alert, object_type, object_id, state, started_at, deadline_at, severity, amount, currency,
    correlation_id, reason, labels['legal_entity'] AS legal_entity,
    labels['region'] AS region, annotations['intervention'] AS intervention, count() OVER () AS total
FROM alerts
WHERE state IN ('firing', 'suspended', 'at_risk')
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, labels['region']))
ORDER BY
    indexOf(['firing', 'suspended', 'at_risk'], state),
    indexOf(['critical', 'error', 'warning', 'info'], severity) = 0,
    indexOf(['critical', 'error', 'warning', 'info'], severity),
    deadline_at, object_type, object_id, alert_id
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
