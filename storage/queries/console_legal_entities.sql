-- The legal entities that milestones have named.
-- columns: legal_entity
SELECT DISTINCT toString(legal_entity) AS legal_entity
FROM object_milestones
WHERE legal_entity != ''
ORDER BY legal_entity
