-- One page of the alerts that stand, in some of their states: what is past its deadline first, then the gravest, then the
-- longest overdue. `ownership` asks for those among the ids in `held` ('taken'), for the others ('nobody') or for all ('').
-- params: states Array(String), entities Array(String), regions Array(String), rules Array(String), ownership String, held Array(String),
--   limit UInt32, offset UInt32
-- columns: alert_id, alert, object_type, object_id, state, started_at, deadline_at, severity, amount, currency,
--     correlation_id, reason, legal_entity, region, intervention, total
SELECT
    alert_id, alert, object_type, object_id, state, started_at, deadline_at, severity, amount, currency,
    correlation_id, reason, labels['legal_entity'] AS legal_entity,
    labels['region'] AS region, annotations['intervention'] AS intervention, count() OVER () AS total
FROM alerts
WHERE state IN {states:Array(String)}
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, labels['region']))
    AND (empty({rules:Array(String)}) OR has({rules:Array(String)}, alert))
    AND ({ownership:String} = '' OR ({ownership:String} = 'taken') = has({held:Array(String)}, alert_id))
ORDER BY
    indexOf(['firing', 'suspended', 'at_risk'], state),
    indexOf(['critical', 'error', 'warning', 'info'], severity) = 0,
    indexOf(['critical', 'error', 'warning', 'info'], severity),
    deadline_at, object_type, object_id, alert_id
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
