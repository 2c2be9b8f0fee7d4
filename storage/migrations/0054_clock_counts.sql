-- How many clocks of a milestone rule went well or badly, in the five minutes of business time that end at outcome_at,
-- as it became known in the five minutes that end at known_at; below zero where late events took it back. generation is
-- when counting began, under the rule as it then was. after is where the tick began that counted, so that a tick that is
-- repeated replaces its rows and counts nothing twice.
CREATE TABLE IF NOT EXISTS clock_counts
(
    rule        LowCardinality(String),
    generation  DateTime64(6, 'UTC'),
    outcome_at  DateTime64(6, 'UTC'),
    known_at    DateTime64(6, 'UTC'),
    after       DateTime64(6, 'UTC'),
    through     DateTime64(6, 'UTC'),
    good        Int64,
    bad         Int64
)
ENGINE = ReplacingMergeTree(through)
ORDER BY (rule, generation, outcome_at, known_at, after)
TTL toDateTime(known_at) + INTERVAL 35 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
