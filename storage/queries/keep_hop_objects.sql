-- Keeps which objects events name within the traces in which a call failed since an instant, with the latest that was
-- stated of each. The events are looked for among those received from `events_since` on.
-- params: failed_since DateTime64(6, 'UTC'), events_since DateTime64(6, 'UTC'), version UInt64
INSERT INTO hop_objects (trace_id, object_type, object_id, amount, currency, legal_entity, version)
WITH
    named AS
    (
        SELECT DISTINCT trace_id, object_type, object_id
        FROM object_milestones
        WHERE received_at >= {events_since:DateTime64(6, 'UTC')} AND trace_id != ''
            AND trace_id IN
            (
                SELECT trace_id
                FROM hop_failures
                WHERE has_failed AND version >= toUInt64(toUnixTimestamp64Micro({failed_since:DateTime64(6, 'UTC')}))
            )
    )
SELECT
    named.trace_id, named.object_type, named.object_id,
    facts.money.1 AS amount, ifNull(facts.money.2, '') AS currency, facts.legal_entity AS legal_entity, {version:UInt64}
FROM named
INNER JOIN
(
    SELECT
        object_type, object_id,
        argMaxIf((amount, currency), (occurred_at, source, event_id), isNotNull(amount)) AS money,
        argMaxIf(legal_entity, (occurred_at, source, event_id), legal_entity != '') AS legal_entity
    FROM object_milestones
    WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM named)
    GROUP BY object_type, object_id
) AS facts USING (object_type, object_id)
