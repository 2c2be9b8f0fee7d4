-- Brings the kept cases of one KPI in line with what was recorded of alerts in (after, through]: with `touched` of those of
-- which something was recorded or acknowledged in it, else of all. What was a case by `after` is deleted and what is one by
-- `through` is written, as in keep_kpi_cases. The statement that finds the cases reads `alerts`, each once, as it stood.
-- Of each it is known since when its source is heard; 1970 where none is named.
-- An acknowledgement, and what is told of a close, is stored a moment after it was made, and the tick in between missed it:
-- hence a minute more is looked back, and what stands as open is deleted, too.
-- params: kpi String, definition String, touched Bool, after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'),
--   names Array(String), segment String
-- fragments: cases
INSERT INTO kpi_cases
(
    kpi, definition, day, object_type, object_id, case_id, started_at, ended_at, value, amount, currency, legal_entity,
    region, source, segment, handoff, rule, version, is_deleted
)
WITH
    (
        SELECT mapFromArrays(groupArray(name), groupArray(since))
        FROM
        (
            SELECT toString(source) AS name, min(first_received_at) AS since
            FROM source_freshness
            GROUP BY name
        )
    ) AS heard,
    looked_at AS MATERIALIZED
    (
        SELECT object_type, object_id, alert_id
        FROM alert_transitions
        WHERE (empty({names:Array(String)}) OR alert IN {names:Array(String)})
            AND (NOT {touched:Bool}
                OR recorded_at > {after:DateTime64(6, 'UTC')} - toIntervalMinute(if(object_type = 'close', 1, 0)))
            AND recorded_at <= {through:DateTime64(6, 'UTC')}
        UNION DISTINCT
        SELECT object_type, object_id, alert_id
        FROM alert_actions
        WHERE {touched:Bool} AND kind = 'acknowledge'
            AND (empty({names:Array(String)}) OR alert IN {names:Array(String)})
            AND acted_at > {after:DateTime64(6, 'UTC')} - toIntervalMinute(1)
            AND acted_at <= {through:DateTime64(6, 'UTC')}
    ),
    seen AS MATERIALIZED
    (
        SELECT
            told.*,
            acknowledgements.acknowledged_at AS acknowledged_at,
            heard[told.labels['source']] AS heard_since
        FROM
        (
            SELECT
                is_past,
                alert_id,
                any(changes.object_type) AS object_type,
                any(changes.object_id) AS object_id,
                any(changes.alert) AS alert,
                minIfOrNull(recorded_at, changes.state = 'firing') AS detected_at,
                argMax((
                    changes.state, changes.severity, changes.started_at, changes.deadline_at, changes.fired_at,
                    changes.resolved_at, changes.amount, changes.currency, changes.labels), version) AS latest,
                latest.1 AS state,
                latest.2 AS severity,
                latest.3 AS started_at,
                latest.4 AS deadline_at,
                latest.5 AS fired_at,
                latest.6 AS resolved_at,
                latest.7 AS amount,
                ifNull(latest.8, '') AS currency,
                latest.9 AS labels
            FROM
            (
                SELECT
                    *,
                    arrayJoin([true, false]) AS is_past
                FROM alert_transitions FINAL
                WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM looked_at)
                    AND alert_id IN (SELECT alert_id FROM looked_at)
            ) AS changes
            WHERE recorded_at <= if(is_past, {after:DateTime64(6, 'UTC')}, {through:DateTime64(6, 'UTC')})
            GROUP BY is_past, alert_id
        ) AS told
        LEFT JOIN
        (
            SELECT is_past, alert_id, toNullable(min(acted_at)) AS acknowledged_at
            FROM
            (
                SELECT alert_id, acted_at, arrayJoin([true, false]) AS is_past
                FROM alert_actions
                WHERE kind = 'acknowledge' AND alert_id IN (SELECT alert_id FROM looked_at)
            )
            WHERE acted_at <= if(is_past, {after:DateTime64(6, 'UTC')}, {through:DateTime64(6, 'UTC')})
            GROUP BY is_past, alert_id
        ) AS acknowledgements
        ON acknowledgements.is_past = told.is_past AND acknowledgements.alert_id = told.alert_id
    ),
    found AS MATERIALIZED
    (
        SELECT object_id, case_id, started_at, ended_at, value, amount, currency, source, true AS is_past
        FROM
        (
            WITH alerts AS (SELECT * EXCEPT (is_past, latest) FROM seen WHERE is_past)
            SELECT * FROM (
                /*{cases}*/
            )
        )
        UNION ALL
        SELECT object_id, case_id, started_at, ended_at, value, amount, currency, source, false AS is_past
        FROM
        (
            WITH alerts AS (SELECT * EXCEPT (is_past, latest) FROM seen WHERE NOT is_past)
            SELECT * FROM (
                /*{cases}*/
            )
        )
    )
SELECT
    {kpi:String},
    {definition:String},
    day,
    facts.object_type,
    facts.object_id,
    cases.case_id,
    cases.started_at,
    cases.ended_at,
    cases.value,
    cases.amount,
    cases.currency,
    facts.labels['legal_entity'],
    facts.labels['region'],
    cases.source,
    facts.labels[{segment:String}],
    facts.labels['handoff'],
    facts.alert,
    2 * toUInt64(toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})) + NOT is_past AS version,
    is_past
FROM
(
    SELECT *, if(isNull(ended_at), toDate(0), toDate(assumeNotNull(ended_at))) AS day FROM found
    UNION ALL
    SELECT * REPLACE (true AS is_past), toDate(0) AS day FROM (SELECT * FROM found WHERE NOT is_past)
) AS cases
INNER JOIN (SELECT * FROM seen WHERE NOT is_past) AS facts ON facts.alert_id = cases.case_id
SETTINGS enable_materialized_cte = 1
