-- What the engine keeps of a rule on traffic between ticks, as the rule's kind writes it, and the instant up to which
-- the rule is evaluated. One row a rule, since it must be written whole or not at all: a tick that is repeated goes on
-- from it. An empty rule_version is a rule that was removed.
CREATE TABLE IF NOT EXISTS series_states
(
    rule          String,
    rule_version  String,
    through       DateTime64(6, 'UTC'),
    state         String CODEC(ZSTD(1)),
    recorded_at   DateTime64(6, 'UTC'),
    version       UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY rule
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
