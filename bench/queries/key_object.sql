-- What the index leaves to be read for the milestones of one object, as a rule asks for it.
-- params: table Identifier
EXPLAIN ESTIMATE SELECT * FROM {table:Identifier} WHERE object_type = 'order' AND object_id = 'O-100000'
