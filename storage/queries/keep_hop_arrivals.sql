-- Keeps the events of some kinds that were received in (after, through].
-- params: kinds Array(Tuple(String, String)), after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
INSERT INTO hop_arrivals
    (object_type, type, occurred_at, object_id, source, event_id, amount, currency, legal_entity)
SELECT object_type, type, occurred_at, object_id, source, event_id, amount, currency, legal_entity
FROM object_milestones
WHERE (object_type, type) IN {kinds:Array(Tuple(String, String))}
    AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
