-- What the index leaves to be read for the milestones that were received since an instant, as a tick asks for it.
-- params: table Identifier, since DateTime64(6)
EXPLAIN ESTIMATE SELECT * FROM {table:Identifier} WHERE received_at > {since:DateTime64(6)}
