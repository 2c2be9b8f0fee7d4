-- Writes, as cases of one KPI, what people did by hand in (after, through]: events of some types of one type of objects
-- (corrections), interventions that were called, which somebody started, and exceptions of reconciliations that somebody
-- accepted, each once. Where not `touched`, all that was done by `through`; a tick that is repeated writes the same rows. What
-- is done in Milepost is stored a moment after it was done, and the tick in between missed it: hence a minute more is looked
-- back. Legal entity, region and segment are the latest that an event of the object stated by then; one that states them
-- later moves what was done before only with the object's next touch.
-- params: kpi String, definition String, object_type String, types Array(String), touched Bool,
--   after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), segment String
INSERT INTO kpi_cases
(
    kpi, definition, day, object_type, object_id, case_id, started_at, ended_at, value, amount, currency, legal_entity,
    region, source, segment, handoff, rule, version, is_deleted
)
WITH
    {touched:Bool} ? {after:DateTime64(6, 'UTC')} : toDateTime64(0, 6, 'UTC') AS since,
    done AS
    (
        SELECT
            object_type, object_id, concat('correction ', source, ' ', event_id) AS case_id, occurred_at AS at,
            toNullable(amount) AS amount, toString(currency) AS currency, toString(source) AS source, '' AS rule
        FROM
        (
            SELECT *
            FROM object_milestones
            WHERE object_type = {object_type:String}
                AND received_at <= {through:DateTime64(6, 'UTC')}
                AND object_id IN
                (
                    SELECT object_id
                    FROM object_milestones
                    WHERE object_type = {object_type:String} AND type IN {types:Array(String)}
                        AND received_at > since AND received_at <= {through:DateTime64(6, 'UTC')}
                )
            ORDER BY received_at, occurred_at
            LIMIT 1 BY object_id, source, event_id
        )
        WHERE type IN {types:Array(String)}
        UNION ALL
        SELECT
            any(object_type) AS object_type, any(object_id) AS object_id, concat('intervention ', intervention_id) AS case_id,
            min(assumeNotNull(called_at)) AS at, any(interventions.amount) AS amount,
            ifNull(any(interventions.currency), '') AS currency, 'milepost' AS source, any(name) AS rule
        FROM interventions
        WHERE isNotNull(called_at) AND called_at <= {through:DateTime64(6, 'UTC')}
        GROUP BY intervention_id
        HAVING at > since - toIntervalMinute(1)
        UNION ALL
        SELECT
            any(object_type) AS object_type, any(object_id) AS object_id,
            concat('reconciliation ', alert_id, ' ', value) AS case_id, min(acted_at) AS at, NULL AS amount, '' AS currency,
            'milepost' AS source, any(alert) AS rule
        FROM alert_actions
        WHERE kind = 'accept' AND acted_at <= {through:DateTime64(6, 'UTC')}
        GROUP BY alert_id, value
        HAVING at > since - toIntervalMinute(1)
    ),
    facts AS
    (
        SELECT
            object_type,
            object_id,
            argMaxIf(legal_entity, (occurred_at, source, event_id), legal_entity != '') AS legal_entity,
            argMaxIf(region, (occurred_at, source, event_id), region != '') AS region,
            argMaxIf(attributes[{segment:String}], (occurred_at, source, event_id),
                attributes[{segment:String}] != '') AS segment,
            argMaxIf((amount, currency), (occurred_at, source, event_id), isNotNull(amount)) AS money
        FROM object_milestones
        WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM done)
            AND received_at <= {through:DateTime64(6, 'UTC')}
        GROUP BY object_type, object_id
    )
SELECT
    {kpi:String},
    {definition:String},
    toDate(done.at) AS day,
    done.object_type,
    done.object_id,
    done.case_id,
    done.at,
    done.at,
    1.,
    if(isNull(done.amount), facts.money.1, done.amount),
    if(isNull(done.amount), toString(facts.money.2), done.currency),
    facts.legal_entity,
    facts.region,
    done.source,
    facts.segment,
    '',
    done.rule,
    2 * toUInt64(toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})) + 1 AS version,
    0
FROM done
LEFT JOIN facts ON facts.object_type = done.object_type AND facts.object_id = done.object_id
