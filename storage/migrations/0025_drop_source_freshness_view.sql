-- The engine notes at each tick which sources have spoken: a part of a few rows at every insert cost as much as
-- the events in it.
DROP VIEW IF EXISTS source_freshness_view
