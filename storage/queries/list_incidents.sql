-- Incidents with what waits behind each: of one that is over, all that it held up, but for what was never late. Those
-- that are open come first, then the latest. An object's money counts once, and a known amount before an unknown one.
-- params: beginning String, states Array(String), limit UInt32
-- columns: incident_id, signature, kind, service, operation, pattern, error, started_at, first_seen_at, ended_at, version,
--   firing, over, objects, money, unknown, severities, deadline_at
WITH
    chosen AS
    (
        SELECT *
        FROM incidents FINAL
        WHERE startsWith(incident_id, {beginning:String})
            AND if(ended_at IS NULL, 'open', 'over') IN {states:Array(String)}
            AND incident_id IN (SELECT incident_id FROM incident_members FINAL WHERE NOT has_left)
        ORDER BY ended_at IS NOT NULL, started_at DESC, incident_id
        LIMIT {limit:UInt32}
    ),
    members AS
    (
        SELECT member.incident_id AS incident_id, member.alert_id AS alert_id, chosen.ended_at IS NULL AS goes_on
        FROM (SELECT incident_id, alert_id FROM incident_members FINAL WHERE NOT has_left) AS member
        INNER JOIN chosen USING incident_id
    ),
    standing AS
    (
        SELECT alert_id, object_type, object_id, state, severity, amount, currency, deadline_at, version
        FROM alert_states
        PREWHERE alert_id IN (SELECT alert_id FROM members)
        ORDER BY version DESC
        LIMIT 1 BY alert_id
    ),
    by_object AS
    (
        SELECT
            incident_id, object_type, object_id,
            countIf(counts) > 0 AS is_behind,
            countIf(counts AND goes_on) AS firing,
            count() - firing AS over,
            argMaxIf(tuple(amount, currency), (isNotNull(amount) AND isNotNull(currency), version, alert_id), counts) AS money,
            isNull(money.1) OR isNull(money.2) AS is_unknown,
            groupUniqArrayIf(toString(severity), counts) AS severities,
            minOrNullIf(deadline_at, counts) AS deadline_at
        FROM
        (
            SELECT *, if(goes_on, state NOT IN ('resolved', 'retracted'), state != 'retracted') AS counts
            FROM members
            INNER JOIN standing USING alert_id
        )
        GROUP BY incident_id, object_type, object_id
    ),
    figures AS
    (
        SELECT
            incident_id,
            sum(firing) AS firing,
            sum(over) AS over,
            sumMapIf(map(toString(object_type), toUInt64(1)), is_behind) AS objects,
            sumMapIf(map(ifNull(money.2, ''), ifNull(money.1, 0)), is_behind AND NOT is_unknown) AS money,
            countIf(is_behind AND is_unknown) AS unknown,
            groupUniqArrayArray(severities) AS severities,
            min(deadline_at) AS deadline_at
        FROM by_object
        GROUP BY incident_id
    )
SELECT
    incident_id, signature, kind, service, operation, pattern, error, started_at, first_seen_at, ended_at, version,
    firing, over, objects, money, unknown, severities, deadline_at
FROM chosen
INNER JOIN figures USING incident_id
ORDER BY ended_at IS NOT NULL, started_at DESC, incident_id
