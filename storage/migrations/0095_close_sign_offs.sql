-- Who signed off the close of which legal entity and period, and what suspended that: entries that are added and never
-- changed. `cells` is what each gate was then, `changes` what reopened it, both as JSON; `follows` is the entry that a
-- reopening suspends. One that is written twice is one.
CREATE TABLE IF NOT EXISTS close_sign_offs
(
    legal_entity   LowCardinality(String),
    period         LowCardinality(String),
    at             DateTime64(6, 'UTC'),
    entry_id       String,
    kind           LowCardinality(String),
    who            String,
    reason         String,
    with_blockers  Bool,
    known_through  DateTime64(6, 'UTC'),
    score          Nullable(Float64),
    cells          String CODEC(ZSTD(1)),
    changes        String CODEC(ZSTD(1)),
    follows        String
)
ENGINE = MergeTree
ORDER BY (legal_entity, period, at, entry_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
