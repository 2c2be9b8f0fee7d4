-- The next objects after one, in the order of type and id, with all that files said of each; every statement counts.
-- params: object_type String, object_id String, limit UInt64
-- columns: object_type, object_id, attributes, links
SELECT
    object_type, object_id,
    arraySort(arrayDistinct(groupArrayArray(
        arrayMap(one -> (one.name, one.valid_from, one.value, one.value_type), attributes)))) AS attributes,
    arraySort(arrayDistinct(groupArrayArray(arrayMap(one -> (one.type, one.id, one.qualifier), links)))) AS links
FROM object_statements
WHERE object_type >= {object_type:String} AND (object_type > {object_type:String} OR object_id > {object_id:String})
GROUP BY object_type, object_id
ORDER BY object_type, object_id
LIMIT {limit:UInt64}
