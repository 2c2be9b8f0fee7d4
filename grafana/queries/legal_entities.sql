-- The legal entities that objects are of.
-- columns: legal_entity
SELECT DISTINCT toString(legal_entity) AS legal_entity
FROM flow_counts
WHERE span = 'standing' AND legal_entity != ''
ORDER BY legal_entity
