-- What waits behind each hop now: the objects with an open alert whose cause is found there, and those with an open duty
-- whose trace has a call that failed there and did not succeed later, or whose message the middleware has parked. An
-- object stands behind one hop alone, where it was seen to fail last; with `kind` call, queue or door (refused here).
-- What an alert says of an object's money counts before what events said.
-- params: open_states Array(String), parked_type String, unparked_type String
-- columns: kind, from_service, to_service, legal_entity, currency, objects, alerting, unknown, amount, oldest_at
WITH
    open_alerts AS
    (
        SELECT
            toString(object_type) AS object_type, object_id, alert_id, started_at, amount, ifNull(currency, '') AS currency,
            labels['legal_entity'] AS legal_entity, trace_ids, version
        FROM alert_states FINAL
        WHERE state IN {open_states:Array(String)} AND alert != 'SourceSilent'
    ),
    parked AS
    (
        SELECT object_type, object_id, last.2 AS queue, parked_at, last.3 AS amount, last.4 AS currency, last.5 AS legal_entity
        FROM
        (
            SELECT
                toString(object_type) AS object_type, object_id,
                argMax(
                    (toString(type), queue, amount, toString(currency), toString(legal_entity)),
                    (occurred_at, source, event_id)) AS last,
                max(occurred_at) AS parked_at
            FROM hop_messages
            WHERE type IN ({parked_type:String}, {unparked_type:String})
            GROUP BY object_type, object_id
        )
        WHERE last.1 = {parked_type:String}
    ),
    duties AS
    (
        SELECT toString(object_type) AS object_type, object_id
        FROM open_duties FINAL
        WHERE isNotNull(due_at) AND (object_type, object_id) IN
        (
            SELECT object_type, object_id FROM hop_objects
            UNION DISTINCT
            SELECT object_type, object_id FROM parked
        )
    ),
    -- Of all traces in which a call failed, those that somebody waits for.
    awaited AS
    (
        SELECT arrayJoin(trace_ids) AS trace_id FROM open_alerts
        UNION DISTINCT
        SELECT trace_id FROM hop_objects WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM duties)
    ),
    failing AS
    (
        SELECT
            trace_id,
            toString(from_service) AS caller,
            toString(to_service) AS service,
            max(failed_at) AS failed_at
        FROM
        (
            SELECT
                trace_id, from_service, to_service, operation,
                maxIf(ended_at, has_failed) AS failed_at,
                maxIf(ended_at, NOT has_failed) AS went_well_at
            FROM hop_failures
            WHERE trace_id IN (SELECT trace_id FROM awaited)
            GROUP BY trace_id, from_service, to_service, operation
            HAVING failed_at > went_well_at
        )
        GROUP BY trace_id, caller, service
    ),
    causes AS
    (
        SELECT alert_id, toString(kind) AS found_in, toString(service) AS service, dead_letter, failed_calls, signature
        FROM alert_causes FINAL
        WHERE kind != 'unknown' AND alert_id IN (SELECT alert_id FROM open_alerts)
    ),
    by_alert AS
    (
        SELECT
            open_alerts.object_type AS object_type, open_alerts.object_id AS object_id,
            if(found_in = 'failed_call', 'call', if(causes.dead_letter.3 = 'middleware', 'queue', 'door')) AS kind,
            if(found_in = 'failed_call', call.1, if(kind = 'door', causes.service, '')) AS caller,
            multiIf(
                found_in = 'failed_call', causes.service,
                kind = 'door', 'milepost',
                parked.queue != '', parked.queue,
                causes.service) AS service,
            if(found_in = 'failed_call',
                greatest(call.2, arrayFirst(one -> one.signature = causes.signature, causes.failed_calls).last_at),
                causes.dead_letter.2) AS failed_at,
            true AS is_alerting, started_at, open_alerts.amount AS amount, open_alerts.currency AS currency,
            open_alerts.legal_entity AS legal_entity, open_alerts.version AS version
        FROM open_alerts
        INNER JOIN causes USING alert_id
        LEFT JOIN
        (
            SELECT alert_id, service, argMax((caller, failed_at), failed_at) AS call
            FROM (SELECT alert_id, arrayJoin(trace_ids) AS trace_id FROM open_alerts) AS traced
            INNER JOIN failing USING trace_id
            GROUP BY alert_id, service
        ) AS calls ON calls.alert_id = open_alerts.alert_id AND calls.service = causes.service
        LEFT JOIN parked ON parked.object_type = open_alerts.object_type AND parked.object_id = open_alerts.object_id
    ),
    by_duty AS
    (
        SELECT
            toString(hop_objects.object_type) AS object_type, object_id, 'call' AS kind, failing.caller AS caller,
            failing.service AS service, failing.failed_at AS failed_at, false AS is_alerting,
            failing.failed_at AS started_at, amount, toString(currency) AS currency,
            toString(legal_entity) AS legal_entity, version
        FROM hop_objects FINAL
        INNER JOIN failing USING trace_id
        WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM duties)
        UNION ALL
        SELECT
            object_type, object_id, 'queue', '', queue, parked_at, false, parked_at, amount, currency, legal_entity, 0
        FROM parked
        WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM duties)
    )
SELECT
    place.1 AS kind, place.2 AS from_service, place.3 AS to_service, entity AS legal_entity,
    if(isNull(money.1) OR isNull(money.2) OR money.2 = '', '', money.2) AS currency,
    count() AS objects,
    countIf(alerts) AS alerting,
    countIf(currency = '') AS unknown,
    sumIf(money.1, currency != '') AS amount,
    min(began_at) AS oldest_at
FROM
(
    SELECT
        argMax((kind, caller, service), (failed_at, kind, caller, service)) AS place,
        argMax((amount, currency), (isNotNull(amount) AND currency != '', is_alerting, version)) AS money,
        argMax(legal_entity, (legal_entity != '', is_alerting, version)) AS entity,
        max(is_alerting) AS alerts,
        min(started_at) AS began_at
    FROM (SELECT * FROM by_alert UNION ALL SELECT * FROM by_duty)
    GROUP BY object_type, object_id
)
GROUP BY kind, from_service, to_service, legal_entity, currency
ORDER BY kind, from_service, to_service, legal_entity, currency
