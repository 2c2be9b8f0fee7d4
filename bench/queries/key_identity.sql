-- What the index leaves to be read for one event by its identity, as the door asks for it.
-- params: table Identifier
EXPLAIN ESTIMATE SELECT * FROM {table:Identifier} WHERE source = 'crm' AND event_id = 'e-500000'
