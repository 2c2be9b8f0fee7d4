-- Objects that have the first event of a pair and not the second, at each of `steps` minutes from `first` on, by what was
-- known by the minute and by `known_at`. An object counts for thirty days from its first event at most: what waits for
-- longer is stuck, and a milestone rule tells of it. Labels are those of the first event.
-- params: per Array(String), first DateTime64(6, 'UTC'), steps UInt32, known_at DateTime64(6, 'UTC'),
--   object_type String, from_type String, to_type String
-- columns: at, labels, value
WITH
    toUnixTimestamp64Micro({first:DateTime64(6, 'UTC')}) AS first_us,
    toInt64(2592000000000) AS longest_us
SELECT
    fromUnixTimestamp64Micro(first_us + (waiting.1) * 60000000, 'UTC') AS at,
    labels,
    toFloat64(waiting.2) AS value
FROM
(
    SELECT
        labels,
        sumMap([opens, closes], [toInt64(1), toInt64(-1)]) AS changes,
        arrayCumSum(arrayMap(step -> (changes.2)[indexOf(changes.1, step)], range({steps:UInt32}))) AS open_at,
        arrayJoin(arrayZip(range({steps:UInt32}), open_at)) AS waiting
    FROM
    (
        SELECT
            labels,
            toUInt32(intDiv(greatest(opened_us - first_us, 0) + 59999999, 60000000)) AS opens,
            toUInt32(intDiv(greatest(least(closed_us, opened_us + longest_us) - first_us, 0) + 59999999, 60000000)) AS closes
        FROM
        (
            SELECT
                argMinIf(labels, (known_us, source, event_id), type = {from_type:String}) AS labels,
                minIf(known_us, type = {from_type:String}) AS opened_us,
                min(if(type = {to_type:String}, known_us, 9223372036854775807)) AS closed_us
            FROM
            (
                SELECT
                    object_id, type, source, event_id,
                    toUnixTimestamp64Micro(greatest(received_at, occurred_at)) AS known_us,
                    arrayMap(name -> toString(multiIf(
                        name = 'source', source,
                        name = 'legal_entity', legal_entity,
                        name = 'region', region,
                        currency)), {per:Array(String)}) AS labels
                FROM object_milestones
                WHERE object_type = {object_type:String}
                    AND type IN ({from_type:String}, {to_type:String})
                    AND received_at > {first:DateTime64(6, 'UTC')} - toIntervalMicrosecond(longest_us)
                    AND received_at <= {first:DateTime64(6, 'UTC')} + toIntervalMinute({steps:UInt32})
                    AND received_at <= {known_at:DateTime64(6, 'UTC')}
            )
            GROUP BY object_id
            HAVING countIf(type = {from_type:String}) > 0
        )
        WHERE closed_us > opened_us
    )
    WHERE opens < closes AND opens < {steps:UInt32}
    GROUP BY labels
)
