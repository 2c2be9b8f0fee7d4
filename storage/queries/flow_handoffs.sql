-- How often objects went from one milestone straight to the next in the hours [since_hour, until_hour), and in how long: of
-- these object types, of all legal entities and regions or of those that are named. Whole days in it, from `first_day`
-- until before `last_day`, are read as such. A duration is the lower bound under which it was counted.
-- params: layout String, since_hour Int64, until_hour Int64, first_day Int64, last_day Int64, object_types Array(String),
--   entities Array(String), regions Array(String)
-- columns: object_type, from_type, to_type, steps, objects, repeated, median_us, p90_us
SELECT
    toString(object_type) AS object_type,
    toString(from_type) AS from_type,
    toString(to_type) AS to_type,
    sum(counted) AS steps,
    sum(new) AS objects,
    sum(returning) AS repeated,
    quantileExactWeighted(0.5)(low_us, toUInt64(counted)) AS median_us,
    quantileExactWeighted(0.9)(low_us, toUInt64(counted)) AS p90_us
FROM
(
    SELECT
        object_type,
        from_type,
        to_type,
        low_us,
        sum(number) AS counted,
        sumIf(number, again != 2) AS new,
        sumIf(number, again != 0) AS returning
    FROM flow_counts FINAL
    WHERE layout = {layout:String}
        AND (span = 'day' AND hour >= {first_day:Int64} AND hour < {last_day:Int64}
            OR span = 'hour' AND hour >= {since_hour:Int64} AND hour < {until_hour:Int64}
                AND NOT (hour >= {first_day:Int64} AND hour < {last_day:Int64}))
        AND (empty({object_types:Array(String)}) OR has({object_types:Array(String)}, object_type))
        AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
        AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
    GROUP BY object_type, from_type, to_type, low_us
    HAVING counted > 0
)
GROUP BY object_type, from_type, to_type
ORDER BY object_type, from_type, to_type
