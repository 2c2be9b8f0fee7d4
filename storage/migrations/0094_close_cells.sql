-- What the cases of a gate of the close come to, per quarter of an hour at which they began, legal entity and currency
-- (empty: none was stated); `unknown` cases state no amount; so a period is read without its cases. A slot whose cases changed is written anew.
-- `digest` is a sum over the cases that changes with which there are, which are cleared, and their amounts.
CREATE TABLE IF NOT EXISTS close_cells
(
    gate            LowCardinality(String),
    definition      LowCardinality(String),
    slot            UInt32,
    legal_entity    LowCardinality(String),
    currency        LowCardinality(String),
    cases           UInt64,
    cleared         UInt64,
    unknown         UInt64,
    open_unknown    UInt64,
    amount          Nullable(Decimal(38, 9)),
    open_amount     Nullable(Decimal(38, 9)),
    oldest_open_at  Nullable(DateTime64(6, 'UTC')),
    digest          UInt64,
    version         UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (gate, definition, slot, legal_entity, currency)
