-- What one unit of a currency is worth in the reporting currency from a day on, as the rates file said it; only the
-- rates that were loaded last count.
CREATE TABLE IF NOT EXISTS fx_rates
(
    currency   LowCardinality(String),
    valid_on   Date,
    rate       Decimal(38, 18),
    loaded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (loaded_at, currency, valid_on)
TTL toDateTime(loaded_at) + INTERVAL 400 DAY
