-- Which version of a rule judges which cases: a row for each time that a version was adopted, in order of `number` within an
-- alert name. It takes the cases that start at `from_at` or later, also from every earlier row that begins no sooner.
-- `definition` is all that the version judges by, as JSON; `reason` is what an operator said who let it take running cases.
CREATE TABLE IF NOT EXISTS rule_versions
(
    alert         String,
    number        UInt32,
    rule_group    String,
    rule_version  String,
    from_at       DateTime64(6, 'UTC'),
    definition    String CODEC(ZSTD(1)),
    reason        String,
    recorded_at   DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (alert, number, recorded_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
