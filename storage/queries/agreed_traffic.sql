-- What a tick noted that began at `after`, of the pairs that something is agreed of (of the source as a whole where the
-- type is empty): when the first and the last event was received, and the gaps between two that are longer than
-- agreed. Traffic is noted by the minute, so a gap of a minute or more is seen exactly, however long the tick.
-- params: after DateTime64(6, 'UTC'), sources Array(String), types Array(String), agreed_us Array(Int64)
-- columns: source, type, first_received_at, last_received_at, gaps
SELECT
    source,
    heard_type AS type,
    min(first_at) AS first_received_at,
    max(last_at) AS last_received_at,
    arraySort(groupArrayIf((previous_at, first_at), silent_us > agreed)) AS gaps
FROM
(
    SELECT
        source, heard_type, first_at, last_at, agreed, previous_at,
        if(place = 1, 0, toUnixTimestamp64Micro(first_at) - toUnixTimestamp64Micro(previous_at)) AS silent_us
    FROM
    (
        SELECT
            *,
            row_number() OVER so_far AS place,
            max(last_at) OVER (
                PARTITION BY source, heard_type ORDER BY first_at, last_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous_at
        FROM
        (
            SELECT
                source,
                heard_type,
                first_received_at AS first_at,
                last_received_at AS last_at,
                {agreed_us:Array(Int64)}[
                    indexOf(arrayZip({sources:Array(String)}, {types:Array(String)}), (source, heard_type))] AS agreed
            FROM source_traffic FINAL
            ARRAY JOIN [toString(type), ''] AS heard_type
            WHERE minute >= toStartOfMinute({after:DateTime64(6, 'UTC')})
                AND after = {after:DateTime64(6, 'UTC')}
                AND has(arrayZip({sources:Array(String)}, {types:Array(String)}), (toString(source), heard_type))
        )
        WINDOW so_far AS (PARTITION BY source, heard_type ORDER BY first_at, last_at)
    )
)
GROUP BY source, heard_type
ORDER BY source, heard_type
