-- What the store's clock says.
-- columns: now
SELECT now64(6, 'UTC') AS now
