-- Five spans for each of some cases of the history: the middleware takes an order over and calls the ERP and the CRM. One
-- call in fifty fails; so do the calls about cases that are open, of the last thousand.
-- params: first UInt64, cases UInt64, total UInt64, now_us Int64
INSERT INTO otel_traces
    (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, Duration, StatusCode, ReceivedAt)
WITH
    intDiv(number, 5) AS place,
    number % 5 AS step,
    intDiv({total:UInt64}, 5) AS all_cases,
    {now_us:Int64} - 2592000000000 + intDiv(place * 2588000000000, all_cases) AS started_us,
    place + 1000 >= all_cases AS is_stuck
SELECT
    fromUnixTimestamp64Micro(started_us + step * 20000, 'UTC') AS Timestamp,
    lower(hex(MD5(toString(place)))) AS TraceId,
    substring(lower(hex(MD5(concat(toString(place), '/', toString(step))))), 1, 16) AS SpanId,
    if(step = 0, '', substring(lower(hex(MD5(concat(toString(place), '/', toString([0, 0, 1, 0, 3][step + 1]))))), 1, 16)) AS ParentSpanId,
    ['order.sync', 'POST /erp/orders', 'POST /erp/orders', 'PUT /crm/invoices', 'PUT /crm/invoices'][step + 1] AS SpanName,
    ['Consumer', 'Client', 'Server', 'Client', 'Server'][step + 1] AS SpanKind,
    ['middleware', 'middleware', 'erp', 'middleware', 'crm'][step + 1] AS ServiceName,
    (30 + cityHash64(number) % 400) * 1000000 AS Duration,
    if(step IN (1, 2) AND (place % 50 = 0 OR is_stuck), 'Error', 'Ok') AS StatusCode,
    fromUnixTimestamp64Micro(started_us + 1000000, 'UTC') AS ReceivedAt
FROM numbers({first:UInt64} * 5, {cases:UInt64} * 5)
