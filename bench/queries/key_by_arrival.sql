-- The same rows in the order of their arrival: what a log would be.
-- params: copy Identifier, table Identifier
CREATE TABLE {copy:Identifier} ENGINE = MergeTree ORDER BY received_at SETTINGS index_granularity = 1024 AS SELECT * FROM {table:Identifier}
