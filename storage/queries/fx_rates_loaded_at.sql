-- When rates of currencies were loaded last; 1970 where none were.
-- columns: loaded_at
SELECT max(fx_rates.loaded_at) AS loaded_at
FROM fx_rates
