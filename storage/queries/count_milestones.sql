-- About how many milestones the store holds of each object type; repetitions count.
-- columns: object_type, milestones
SELECT object_type, count() AS milestones
FROM object_milestones
GROUP BY object_type
