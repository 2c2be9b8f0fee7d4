-- Silences: while one counts (from `starts_at` until before `ends_at`), alerts whose labels meet all of its matchers are told
-- to nobody. A change is a row with a higher version; nothing is deleted, so that who muted what, and why, stays known.
CREATE TABLE IF NOT EXISTS silences
(
    silence_id  String,
    matchers    Array(String),
    starts_at   DateTime64(6, 'UTC'),
    ends_at     DateTime64(6, 'UTC'),
    created_by  String,
    comment     String,
    updated_at  DateTime64(6, 'UTC'),
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY silence_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
