-- What the keeper finds where events name their trace: the objects of the thousand cases whose calls failed last.
-- params: total UInt64, open_cases UInt64
INSERT INTO hop_objects (trace_id, object_type, object_id, amount, currency, legal_entity, version)
WITH intDiv({total:UInt64}, 5) AS all_cases
SELECT
    lower(hex(MD5(toString(all_cases - 1 - number)))), 'order', concat('O-', toString(all_cases - 1 - number)),
    toDecimal128(number, 9), 'EUR', ['DE01', 'FR01', 'US01'][number % 3 + 1], 1
FROM numbers(least(1000, {open_cases:UInt64}))
