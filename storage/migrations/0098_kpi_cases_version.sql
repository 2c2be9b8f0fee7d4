-- Which days changed is asked after every keeping: cases that were written before it are passed over.
ALTER TABLE kpi_cases ADD INDEX IF NOT EXISTS idx_version version TYPE minmax GRANULARITY 1
