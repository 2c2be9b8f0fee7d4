-- The objects of an OCEL 2.0 file, each with its type.
-- columns: ocel_id, ocel_type
SELECT CAST(ocel_id AS TEXT) AS ocel_id, ocel_type FROM object
