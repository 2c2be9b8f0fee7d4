-- Replaced by otlp_traces_input, whose attribute values are scalars; nothing rests in it.
DROP TABLE IF EXISTS otlp_input
