-- The engine does not look again at what it noted, so a power failure must not take it.
ALTER TABLE source_freshness MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1
