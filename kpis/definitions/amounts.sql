-- A case of every `from` and every `unless` event, at its instant and with its amount, which an `unless` takes off. The
-- value counts the one as 1 and the other as -1.
SELECT
    object_id,
    concat(source, ' ', event_id) AS case_id,
    occurred_at AS started_at,
    toNullable(occurred_at) AS ended_at,
    toNullable(if(has(from_types, type), 1., -1.)) AS value,
    if(has(from_types, type), milestones.amount, -milestones.amount) AS amount,
    currency,
    source
FROM milestones
WHERE has(from_types, type) OR has(unless_types, type)
