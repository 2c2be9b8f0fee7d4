-- Which objects the objects of an OCEL 2.0 file are related to, in the order of the first ones' ids as text.
-- columns: object_id, other_id, qualifier
SELECT
    CAST(ocel_source_id AS TEXT) AS object_id,
    CAST(ocel_target_id AS TEXT) AS other_id,
    coalesce(ocel_qualifier, '') AS qualifier
FROM object_object
ORDER BY CAST(ocel_source_id AS TEXT)
