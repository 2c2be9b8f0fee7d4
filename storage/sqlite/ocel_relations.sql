-- Which objects the events of an OCEL 2.0 file are related to, in the order of the events' ids as text.
-- columns: event_id, object_id, qualifier
SELECT
    CAST(ocel_event_id AS TEXT) AS event_id,
    CAST(ocel_object_id AS TEXT) AS object_id,
    coalesce(ocel_qualifier, '') AS qualifier
FROM event_object
ORDER BY CAST(ocel_event_id AS TEXT)
