-- The alerts that stand, the largest amounts first; whatever the time range.
-- columns: object, alert, state, severity, legal_entity, amount, currency, deadline, reason
SELECT
    concat(toString(object_type), '/', object_id) AS object,
    toString(alert) AS alert,
    toString(state) AS state,
    toString(severity) AS severity,
    labels['legal_entity'] AS legal_entity,
    amount,
    ifNull(currency, '') AS currency,
    deadline_at AS deadline,
    reason
FROM alerts
WHERE state IN ('firing', 'at_risk', 'suspended')
    AND $__conditionalAll(labels['legal_entity'] IN (${legal_entity:singlequote}), $legal_entity)
ORDER BY state = 'firing' DESC, alerts.amount DESC NULLS LAST, deadline, object
LIMIT 500
