-- The legal entities that milestones of the last ninety days name.
-- columns: legal_entity
SELECT DISTINCT toString(legal_entity) AS legal_entity
FROM object_milestones
WHERE received_at >= now() - INTERVAL 90 DAY AND legal_entity != ''
ORDER BY legal_entity
