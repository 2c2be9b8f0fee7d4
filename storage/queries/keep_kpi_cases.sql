-- Brings the kept cases of one KPI in line with what was received in (after, through] of a stretch of objects: with
-- `touched` of those of which an event told something in it, else of all. What was a case by `after` is deleted and what is
-- one by `through` is written, in one insert; a tick that is repeated writes the same rows. The statement that finds the cases
-- reads `milestones`, each event once and in the form it was received in first, and may use from_types, to_types and
-- unless_types. Legal entity, region and segment are the latest that an event of the object stated, and with
-- `own_amounts` off so is an amount that the case has none of.
-- params: kpi String, definition String, object_type String, after_id String, last_id String, touched Bool,
--   after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), types Array(String), from_types Array(String),
--   to_types Array(String), unless_types Array(String), segment String,
--   own_amounts Bool
-- fragments: cases
INSERT INTO kpi_cases
(
    kpi, definition, day, object_type, object_id, case_id, started_at, ended_at, value, amount, currency, legal_entity,
    region, source, segment, version, is_deleted
)
WITH
    {from_types:Array(String)} AS from_types,
    {to_types:Array(String)} AS to_types,
    {unless_types:Array(String)} AS unless_types,
    looked_at AS MATERIALIZED
    (
        SELECT DISTINCT object_id
        FROM object_milestones
        WHERE {touched:Bool}
            AND object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND (type IN {types:Array(String)} OR isNotNull(amount) OR legal_entity != '' OR region != ''
                OR attributes[{segment:String}] != '')
            AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
    ),
    stated AS MATERIALIZED
    (
        SELECT
            object_id, type, occurred_at, received_at, source, event_id, amount, currency, legal_entity, region,
            attributes
        FROM object_milestones
        WHERE object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND received_at <= {through:DateTime64(6, 'UTC')}
            AND (NOT {touched:Bool} OR object_id IN (SELECT object_id FROM looked_at))
        ORDER BY received_at, occurred_at
        LIMIT 1 BY object_id, source, event_id
    ),
    facts AS
    (
        SELECT
            object_id,
            argMaxIf((amount, currency), (occurred_at, source, event_id), isNotNull(amount)) AS money,
            argMaxIf(legal_entity, (occurred_at, source, event_id), legal_entity != '') AS legal_entity,
            argMaxIf(region, (occurred_at, source, event_id), region != '') AS region,
            argMaxIf(attributes[{segment:String}], (occurred_at, source, event_id),
                attributes[{segment:String}] != '') AS segment
        FROM stated
        GROUP BY object_id
    )
SELECT
    {kpi:String},
    {definition:String},
    if(isNull(cases.ended_at), toDate(0), toDate(assumeNotNull(cases.ended_at))) AS day,
    {object_type:String},
    cases.object_id,
    cases.case_id,
    cases.started_at,
    cases.ended_at,
    cases.value,
    if(isNull(cases.amount) AND NOT {own_amounts:Bool}, facts.money.1, cases.amount) AS amount,
    if(isNull(cases.amount) AND NOT {own_amounts:Bool}, facts.money.2, cases.currency) AS currency,
    facts.legal_entity,
    facts.region,
    cases.source,
    facts.segment,
    2 * toUInt64(toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})) + NOT is_past AS version,
    is_past
FROM
(
    SELECT object_id, case_id, started_at, ended_at, value, amount, currency, source, true AS is_past
    FROM
    (
        WITH milestones AS
        (
            SELECT * FROM stated
            WHERE received_at <= {after:DateTime64(6, 'UTC')} AND type IN {types:Array(String)}
        )
        SELECT * FROM (
            /*{cases}*/
        )
    )
    UNION ALL
    SELECT object_id, case_id, started_at, ended_at, value, amount, currency, source, false AS is_past
    FROM
    (
        WITH milestones AS (SELECT * FROM stated WHERE type IN {types:Array(String)})
        SELECT * FROM (
            /*{cases}*/
        )
    )
) AS cases
LEFT JOIN facts ON facts.object_id = cases.object_id
SETTINGS enable_materialized_cte = 1
