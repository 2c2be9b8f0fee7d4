-- A history of orders and their invoices: five events a case, evenly over thirty days, in the order of time. The
-- last cases are approved and transmitted but neither posted nor invoiced, all within the last three hours.
-- params: first UInt64, events UInt64, total UInt64, open_cases UInt64, now_us Int64
INSERT INTO events_input
WITH
    intDiv(number, 5) AS place,
    number % 5 AS step,
    intDiv({total:UInt64}, 5) AS cases,
    place >= cases - {open_cases:UInt64} AS is_open,
    {now_us:Int64} AS now_us,
    if(is_open,
        now_us - 10800000000 + intDiv((place - (cases - {open_cases:UInt64})) * 10000000000, {open_cases:UInt64}),
        now_us - 2592000000000 + intDiv(place * 2580000000000, cases)) AS started_us
SELECT
    ['crm', 'middleware', 'erp', 'erp', 'crm'][step + 1] AS source,
    concat('e-', toString(number)) AS event_id,
    ['order.approved', 'order.transmitted', 'order.posted', 'invoice.posted', 'invoice.visible_in_crm'][step + 1] AS type,
    toInt64(started_us + step * 600000000) AS occurred_us,
    toInt64(started_us + step * 600000000 + 1000000) AS received_us,
    concat('q2c-', toString(place)) AS correlation_id,
    '' AS causation_id,
    '' AS trace_id,
    '' AS span_id,
    '' AS subject,
    [if(step < 3, ('order', concat('O-', toString(place)), ''), ('invoice', concat('I-', toString(place)), ''))] AS objects,
    toDecimal128(place % 100000, 9) AS amount,
    'EUR' AS currency,
    ['DE01', 'FR01', 'US01'][place % 3 + 1] AS legal_entity,
    'EMEA' AS region,
    map('tier', ['gold', 'platinum', 'standard'][place % 3 + 1]) AS attributes,
    'application/json' AS datacontenttype,
    '' AS dataschema,
    map() AS extensions,
    '{}' AS data,
    false AS data_base64
FROM numbers({first:UInt64}, {events:UInt64})
WHERE NOT (is_open AND step > 1)
