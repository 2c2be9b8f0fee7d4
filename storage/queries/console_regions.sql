-- The regions that milestones have named.
-- columns: region
SELECT DISTINCT toString(region) AS region
FROM object_milestones
WHERE region != ''
ORDER BY region
