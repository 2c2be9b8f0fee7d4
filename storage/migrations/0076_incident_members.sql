-- Which alerts are, or were, in which incident. One whose cause turned out to be another before anybody was told has left.
CREATE TABLE IF NOT EXISTS incident_members
(
    incident_id  String,
    alert_id     String,
    has_left     Bool,
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (incident_id, alert_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
