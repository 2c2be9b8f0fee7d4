-- What objects that were counted are told apart by: their types, legal entities and regions, by name.
-- params: layout String
-- columns: object_types, entities, regions
SELECT
    arraySort(groupUniqArray(toString(object_type))) AS object_types,
    arraySort(groupUniqArrayIf(toString(legal_entity), legal_entity != '')) AS entities,
    arraySort(groupUniqArrayIf(toString(region), region != '')) AS regions
FROM flow_counts FINAL
WHERE layout = {layout:String} AND span = 'standing' AND number > 0
