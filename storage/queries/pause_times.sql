-- When pauses began and ended, of the objects of a stretch of ids of one type that had such an event by `at`, by what was
-- received by `known_at`.
-- params: object_type String, after_id String, last_id String, at DateTime64(6, 'UTC'), known_at DateTime64(6, 'UTC'),
--   from_type String, until_type String
-- columns: object_id, begins_us, ends_us
SELECT
    object_id,
    arraySort(groupArrayIf(occurred_us, type = {from_type:String})) AS begins_us,
    arraySort(groupArrayIf(occurred_us, type = {until_type:String})) AS ends_us
FROM
(
    SELECT DISTINCT object_id, type, toUnixTimestamp64Micro(occurred_at) AS occurred_us
    FROM object_milestones
    WHERE object_type = {object_type:String}
        AND object_id > {after_id:String}
        AND ({last_id:String} = '' OR object_id <= {last_id:String})
        AND type IN ({from_type:String}, {until_type:String})
        AND received_at <= {known_at:DateTime64(6, 'UTC')}
        AND occurred_at <= {at:DateTime64(6, 'UTC')}
)
GROUP BY object_id
HAVING notEmpty(begins_us)
