-- The cases behind a figure of a KPI, the ones that lasted longest or are worth most first: of those that ended in
-- [since, until) or, with `is_open`, of those that had begun before `until` and not ended.
-- params: kpi String, definition String, since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), is_open Bool,
--   entities Array(String), regions Array(String), currencies Array(String), segments Array(String),
--   sources Array(String), handoffs Array(String), rules Array(String), limit UInt64, offset UInt64
-- columns: object_type, object_id, started_at, ended_at, value, amount, currency, legal_entity, region, segment, source,
--   handoff, rule, total
SELECT
    toString(object_type) AS object_type,
    object_id,
    started_at,
    ended_at,
    if({is_open:Bool}, dateDiff('microsecond', started_at, {until:DateTime64(6, 'UTC')}) / 1e6, cases.value) AS value,
    amount,
    toString(currency) AS currency,
    toString(legal_entity) AS legal_entity,
    toString(region) AS region,
    toString(segment) AS segment,
    toString(source) AS source,
    toString(handoff) AS handoff,
    toString(rule) AS rule,
    count() OVER () AS total
FROM kpi_cases AS cases FINAL
WHERE kpi = {kpi:String} AND definition = {definition:String}
    AND (day = toDate(0) OR day >= toDate({since:DateTime64(6, 'UTC')}))
    AND if({is_open:Bool},
        started_at < {until:DateTime64(6, 'UTC')} AND (isNull(ended_at) OR ended_at >= {until:DateTime64(6, 'UTC')}),
        ended_at >= {since:DateTime64(6, 'UTC')} AND ended_at < {until:DateTime64(6, 'UTC')})
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
    AND (empty({currencies:Array(String)}) OR has({currencies:Array(String)}, currency))
    AND (empty({segments:Array(String)}) OR has({segments:Array(String)}, segment))
    AND (empty({sources:Array(String)}) OR has({sources:Array(String)}, source))
    AND (empty({handoffs:Array(String)}) OR has({handoffs:Array(String)}, handoff))
    AND (empty({rules:Array(String)}) OR has({rules:Array(String)}, rule))
ORDER BY value DESC, amount DESC, object_id, case_id
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
