-- What decided each alert as it stands, as JSON; empty where it was stored before that was kept.
ALTER TABLE alert_states ADD COLUMN IF NOT EXISTS evidence String CODEC(ZSTD(1))
