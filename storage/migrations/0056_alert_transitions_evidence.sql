-- What decided each change of an alert, as JSON: domain/alert_evidence.py names the fields. Text, since it is read whole.
ALTER TABLE alert_transitions ADD COLUMN IF NOT EXISTS evidence String CODEC(ZSTD(1))
