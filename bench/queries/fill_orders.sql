-- Orders of which some go wrong, for rules of every kind: of a hundred, some are late at each step, posted twice, approved
-- again, cancelled, posted untransmitted or transmitted before they were approved. Evenly over sixty days, and each event
-- states every fact; what goes wrong follows from the number of the order alone.
-- params: first UInt64, orders UInt64, total UInt64, now_us Int64
INSERT INTO events_input
WITH
    intDiv(number, 6) AS place,
    number % 6 AS step,
    sipHash64(place) AS chance,
    -- Numbers from 0 to 99 and to the microseconds of an hour, each independent of the others.
    (salt -> toInt64(sipHash64(place, salt) % 100)) AS percent,
    (salt -> toInt64(sipHash64(place, salt, 'us') % 3600000000)) AS within_an_hour,
    {now_us:Int64} - 5184000000000 + toInt64(intDiv(place * 5180000000000, {total:UInt64})) AS approved_us,
    approved_us + intDiv(within_an_hour(1), if(percent(1) < 96, 3, 1)) - if(percent(2) < 1, 7200000000, 0) AS transmitted_us,
    approved_us + within_an_hour(3) + multiIf(
        percent(3) < 80, 1200000000, percent(3) < 95, 7200000000, percent(3) < 99, 25200000000, 360000000000) AS posted_us
SELECT
    ['crm', 'middleware', 'erp', 'erp', 'erp', 'crm'][step + 1] AS source,
    concat('o-', toString(number)) AS event_id,
    ['order.approved', 'order.transmitted', 'order.posted', 'order.invoiced',
        if(percent(4) < 50, 'order.posted', 'order.cancelled'), 'order.approved'][step + 1] AS type,
    multiIf(
        step = 0, approved_us,
        step = 1, transmitted_us,
        step = 2, posted_us,
        step = 3, posted_us + within_an_hour(5) * if(percent(5) < 97, 8, 30),
        step = 4, posted_us + within_an_hour(6) * 20,
        approved_us + within_an_hour(7) * 3) AS occurred_us,
    occurred_us + 1000000 AS received_us,
    concat('q2c-', toString(place)) AS correlation_id,
    '' AS causation_id,
    '' AS trace_id,
    '' AS span_id,
    '' AS subject,
    [('order', concat('P-', toString(place)), '')] AS objects,
    toDecimal128(chance % 100000, 9) AS amount,
    'EUR' AS currency,
    ['DE01', 'FR01', 'US01'][chance % 3 + 1] AS legal_entity,
    'EMEA' AS region,
    map('tier', ['gold', 'platinum', 'standard'][intDiv(chance, 3) % 3 + 1]) AS attributes,
    'application/json' AS datacontenttype,
    '' AS dataschema,
    map() AS extensions,
    '{}' AS data,
    false AS data_base64
FROM numbers({first:UInt64} * 6, {orders:UInt64} * 6)
WHERE occurred_us <= {now_us:Int64} - 1000000
    AND multiIf(step = 1, percent(8) >= 1, step = 2, percent(9) >= 1, step = 4, percent(10) < 4, step = 5, percent(11) < 3, true)
