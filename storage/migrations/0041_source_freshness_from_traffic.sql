-- Whatever is noted of a source's traffic also says when it last spoke.
CREATE MATERIALIZED VIEW IF NOT EXISTS source_freshness_from_traffic TO source_freshness AS
SELECT source, type, first_received_at, last_received_at, last_occurred_at
FROM source_traffic
