-- The rates of currencies that were loaded last.
-- columns: currency, valid_on, rate
SELECT toString(currency) AS currency, valid_on, rate
FROM fx_rates FINAL
WHERE loaded_at = (SELECT max(loaded_at) FROM fx_rates) AND currency != ''
ORDER BY currency, valid_on
