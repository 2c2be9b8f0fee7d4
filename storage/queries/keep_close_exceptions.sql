-- Brings the kept cases of a gate of the close that counts alerts in line with the alerts of these names whose changes were
-- recorded in (after, through]. Every alert that has fired and was not retracted is a case, cleared when it was resolved; all
-- places where it stood before are deleted, which its history tells.
-- params: gate String, definition String, alerts Array(String), after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
INSERT INTO close_cases
(
    gate, definition, is_open, slot, object_type, object_id, case_id, started_at, cleared_at, amount, currency,
    legal_entity, stuck_at, stuck_since, moved, version, is_deleted
)
WITH
    -- Objects and not only alerts, since both tables lie in their order.
    recorded AS
    (
        SELECT object_type, object_id, alert_id
        FROM alert_states
        WHERE alert IN {alerts:Array(String)}
            AND recorded_at > {after:DateTime64(6, 'UTC')} AND recorded_at <= {through:DateTime64(6, 'UTC')}
    ),
    changed AS
    (
        SELECT *
        FROM
        (
            SELECT *
            FROM alert_states
            WHERE alert IN {alerts:Array(String)}
                AND (object_type, object_id) IN (SELECT object_type, object_id FROM recorded)
            ORDER BY version DESC
            LIMIT 1 BY alert_id
        )
        WHERE recorded_at > {after:DateTime64(6, 'UTC')} AND recorded_at <= {through:DateTime64(6, 'UTC')}
    )
SELECT
    {gate:String},
    {definition:String},
    state NOT IN ('resolved', 'retracted') AS is_open,
    toUInt32(intDiv(toUnixTimestamp64Micro(started_at) + 2208988800000000, 900000000)) AS slot,
    object_type,
    object_id,
    alert_id,
    started_at,
    is_open ? NULL : resolved_at,
    amount,
    if(isNull(amount), '', ifNull(toString(currency), '')),
    toString(labels['legal_entity']),
    toString(alert),
    ifNull(fired_at, started_at),
    true,
    2 * toUInt64(toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})) + NOT is_past AS version,
    is_past OR state = 'retracted' OR isNull(fired_at)
FROM
(
    SELECT object_type, object_id, alert_id, alert, state, started_at, fired_at, resolved_at, amount, currency, labels,
        false AS is_past
    FROM changed
    UNION ALL
    SELECT DISTINCT object_type, object_id, alert_id, alert, state, started_at, fired_at, NULL, NULL, NULL, map(),
        true AS is_past
    FROM alert_transitions
    WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM recorded)
        AND alert_id IN (SELECT alert_id FROM changed)
)
