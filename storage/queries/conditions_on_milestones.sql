-- Which conditions are true of milestones given as a JSON array, numbered from 1, in the array's order.
-- params: milestones String
-- columns: holds
-- fragments: conditions
SELECT arrayFilter((number, holds) -> ifNull(holds, 0) != 0, arrayEnumerate(conditions), conditions) AS holds
FROM
(
    SELECT *, /*{conditions}*/ AS conditions
    FROM
    (
        SELECT
            position,
            given.object_type AS object_type,
            given.object_id AS object_id,
            given.type AS type,
            fromUnixTimestamp64Micro(given.occurred_us, 'UTC') AS occurred_at,
            given.source AS source,
            given.correlation_id AS correlation_id,
            toDecimal128OrNull(given.amount, 9) AS amount,
            given.currency AS currency,
            given.legal_entity AS legal_entity,
            given.region AS region,
            given.attributes AS attributes
        FROM
        (
            SELECT
                JSONExtract(
                    {milestones:String},
                    'Array(Tuple(object_type String, object_id String, type String, occurred_us Int64, source String, correlation_id Nullable(String), amount Nullable(String), currency Nullable(String), legal_entity Nullable(String), region Nullable(String), attributes Map(String, String)))'
                ) AS all_given
        )
        ARRAY JOIN all_given AS given, arrayEnumerate(all_given) AS position
    )
)
ORDER BY position
