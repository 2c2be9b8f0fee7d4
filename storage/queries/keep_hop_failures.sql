-- Keeps the calls of traces in which a call failed: those known in (after, through] of a trace with a failed one, and
-- those known before of a trace in which the first failed only now.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), version UInt64
INSERT INTO hop_failures
    (trace_id, span_id, from_service, to_service, operation, ended_at, has_failed, version)
WITH
    news AS
    (
        SELECT trace_id, has_failed
        FROM hop_calls FINAL
        WHERE known_at > {after:DateTime64(6, 'UTC')} AND known_at <= {through:DateTime64(6, 'UTC')}
    ),
    failing AS
    (
        SELECT trace_id FROM news WHERE has_failed
        UNION DISTINCT
        SELECT trace_id FROM hop_failures WHERE trace_id IN (SELECT trace_id FROM news)
    )
SELECT trace_id, span_id, from_service, to_service, operation, ended_at, has_failed, {version:UInt64}
FROM hop_calls FINAL
WHERE known_at <= {through:DateTime64(6, 'UTC')} AND trace_id IN (SELECT trace_id FROM failing)
    AND (known_at > {after:DateTime64(6, 'UTC')} OR trace_id IN (SELECT trace_id FROM news WHERE has_failed))
