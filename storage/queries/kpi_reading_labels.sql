-- By which labels the signal of a KPI was ever read.
-- params: kpi String, definition String
-- columns: source, legal_entity, region, currency
SELECT DISTINCT
    toString(source) AS source,
    toString(legal_entity) AS legal_entity,
    toString(region) AS region,
    toString(currency) AS currency
FROM kpi_cases
WHERE kpi = {kpi:String} AND definition = {definition:String}
