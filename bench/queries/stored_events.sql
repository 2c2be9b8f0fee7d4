-- How many events and milestones rest in the store, and the sum of the identities' hashes, repeats included.
-- columns: events, checksum, milestones, named_objects
SELECT
    (SELECT count() FROM events) AS events,
    (SELECT sum(xxh3(concat(source, '\0', event_id))) FROM events) AS checksum,
    (SELECT count() FROM object_milestones) AS milestones,
    (SELECT sum(length(objects)) FROM events) AS named_objects
