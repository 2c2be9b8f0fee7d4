-- The objects of a type of which an event of these types, received by `through`, has occurred at `since` or later.
-- params: object_type String, types Array(String), since DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: object_id
SELECT DISTINCT object_id
FROM object_milestones
WHERE object_type = {object_type:String}
    AND type IN {types:Array(String)}
    AND occurred_at >= {since:DateTime64(6, 'UTC')}
    AND received_at <= {through:DateTime64(6, 'UTC')}
