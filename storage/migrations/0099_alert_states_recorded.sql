-- The close asks which alerts were recorded since it asked last: those of before are passed over.
ALTER TABLE alert_states ADD INDEX IF NOT EXISTS idx_recorded_at recorded_at TYPE minmax GRANULARITY 1
