-- When the first event of the kinds that arrive over a hop occurred; no row where none did.
-- params: from_service String, to_service String
-- columns: occurred_at
SELECT min(occurred_at) AS occurred_at
FROM hop_arrivals
WHERE (object_type, type) IN
(
    SELECT object_type, type
    FROM hop_milestones
    WHERE from_service = {from_service:String} AND to_service = {to_service:String}
)
HAVING count() > 0
