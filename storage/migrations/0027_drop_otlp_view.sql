-- Replaced by otlp_traces_view, over a simpler type.
DROP VIEW IF EXISTS otlp_view
