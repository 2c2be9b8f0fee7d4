-- Carries what came in time to where all checked events go.
CREATE MATERIALIZED VIEW IF NOT EXISTS events_stamped_view TO events_input AS
SELECT * FROM events_stamped_input
