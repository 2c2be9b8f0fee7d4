-- The milestones tell which objects an arrival touched: each part of theirs knows the instants it was received in, so
-- a tick reads the latest ones. A table of its own cost every insert a part more, and every row two merges.
DROP VIEW IF EXISTS arrivals_view
