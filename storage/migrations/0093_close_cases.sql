-- The cases of the gates of the close: one row per gate, business object (or alert) and case, kept in line with what
-- arrives. `slot` is the quarter of an hour at which it began, counted from 1900: every period of every legal entity
-- is made of whole ones. Open cases lie together. `definition` is the version of the gate under which a case was found.
-- What is a case no more, or moved, is deleted by a row with a later version; `moved` says that a row changed what a
-- sign-off was on, and not only where an open case is stuck.
CREATE TABLE IF NOT EXISTS close_cases
(
    gate          LowCardinality(String),
    definition    LowCardinality(String),
    is_open       Bool,
    slot          UInt32,
    object_type   LowCardinality(String),
    object_id     String,
    case_id       String,
    started_at    DateTime64(6, 'UTC'),
    cleared_at    Nullable(DateTime64(6, 'UTC')),
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String),
    stuck_at      LowCardinality(String),
    stuck_since   DateTime64(6, 'UTC'),
    moved         Bool,
    version       UInt64,
    is_deleted    UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (gate, definition, is_open, slot, object_type, object_id, case_id)
SETTINGS index_granularity = 1024
