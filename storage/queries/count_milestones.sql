-- About how many milestones the store holds of each object type, and how many of them were received or occurred at
-- `since` or later; repetitions count.
-- params: since DateTime64(6, 'UTC')
-- columns: object_type, milestones, recent
SELECT
    object_type,
    count() AS milestones,
    countIf(received_at >= {since:DateTime64(6, 'UTC')} OR occurred_at >= {since:DateTime64(6, 'UTC')}) AS recent
FROM object_milestones
GROUP BY object_type
