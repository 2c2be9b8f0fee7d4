-- Of what type (integer, float, boolean, time) files declare the attributes of events to be; what is not here is text.
-- The events keep them as text, so that no digit is lost: an export writes them as what they were.
CREATE TABLE IF NOT EXISTS event_attribute_types
(
    event_type  LowCardinality(String),
    name        String,
    value_type  LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (event_type, name, value_type)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
