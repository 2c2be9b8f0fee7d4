-- What one unit of each currency is worth in the currency that rates are in: the latest rate by a day, if no older than
-- `rate_days`.
-- params: priced_on Date, rate_days UInt32
-- columns: currency, latest
SELECT toString(currency) AS currency, argMax(rate, valid_on) AS latest
FROM fx_rates FINAL
WHERE loaded_at = (SELECT max(loaded_at) FROM fx_rates)
    AND valid_on <= {priced_on:Date} AND valid_on >= {priced_on:Date} - {rate_days:UInt32} AND currency != ''
GROUP BY currency
ORDER BY currency
