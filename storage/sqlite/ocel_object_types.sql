-- The object types of an OCEL 2.0 file, each with the name of its table.
-- columns: ocel_type, ocel_type_map
SELECT ocel_type, ocel_type_map FROM object_map_type ORDER BY ocel_type
