-- Brings the counts of handoffs in line with what was received in (after, through]: of the objects of which an event told
-- something in it with `touched`, else of all. What each object's way was by `after` is taken off and what it is by
-- `through` is added, in one insert; written again it changes nothing, for it adds to what stood before the same version.
-- Each event counts once, in the form it was received in first; legal entity, region and amount are the latest that an
-- event of the object stated. Objects of the types in `hubs` have no way of their own.
-- params: layout String, touched Bool, after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), hubs Array(String),
--   bounds Array(UInt64)
INSERT INTO flow_counts
(
    layout, span, hour, object_type, from_type, to_type, again, legal_entity, region, low_us, currency,
    number, unpriced, amount, number_before, unpriced_before, amount_before, version
)
WITH
    -- Rounded down before 1970, too.
    (at) -> intDiv(toUnixTimestamp64Micro(at) - if(toUnixTimestamp64Micro(at) < 0, 3599999999, 0), 3600000000) AS hour_of,
    (at) -> 24 * intDiv(toUnixTimestamp64Micro(at) - if(toUnixTimestamp64Micro(at) < 0, 86399999999, 0), 86400000000) AS day_of,
    toUInt64(toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})) AS this_version,
    looked_at AS
    (
        SELECT DISTINCT object_type, object_id
        FROM object_milestones
        WHERE {touched:Bool} AND received_at > {after:DateTime64(6, 'UTC')}
            AND received_at <= {through:DateTime64(6, 'UTC')}
            AND NOT has({hubs:Array(String)}, object_type)
    ),
    ways AS
    (
        SELECT
            object_type,
            side.1 AS sign,
            arraySort(side.2) AS way,
            arrayFilter(event -> event.6 != '', way) AS of_entity,
            arrayFilter(event -> event.7 != '', way) AS of_region,
            arrayFilter(event -> isNotNull(event.8), way) AS of_amount,
            if(empty(of_entity), '', of_entity[-1].6) AS legal_entity,
            if(empty(of_region), '', of_region[-1].7) AS region,
            if(empty(of_amount), NULL, of_amount[-1].8) AS amount,
            if(empty(of_amount), '', of_amount[-1].9) AS currency,
            arrayMap(event -> event.4, way) AS types,
            arrayMap(event -> event.1, way) AS times,
            arrayPushFront(arrayPopBack(types), '') AS from_types,
            arrayPushFront(arrayPopBack(times), times[1]) AS from_times,
            arrayMap(
                (nth_time, nth_step) -> multiIf(nth_step > 1, 2, nth_time > 1, 1, 0),
                arrayEnumerateUniq(types), arrayEnumerateUniq(from_types, types)) AS again
        FROM
        (
            SELECT
                object_type,
                arraySort(event -> (event.5, event.1), groupArray((
                    occurred_at, toString(source), event_id, toString(type), received_at, toString(legal_entity),
                    toString(region), amount, toString(currency)))) AS arrived,
                arrayFilter(
                    (event, nth) -> nth = 1,
                    arrived,
                    arrayEnumerateUniq(arrayMap(event -> event.2, arrived), arrayMap(event -> event.3, arrived))) AS known
            FROM object_milestones
            WHERE received_at <= {through:DateTime64(6, 'UTC')}
                AND NOT has({hubs:Array(String)}, object_type)
                AND (NOT {touched:Bool} OR (object_type, object_id) IN (SELECT object_type, object_id FROM looked_at))
            GROUP BY object_type, object_id
        )
        ARRAY JOIN
            [
                (toInt64(-1), arrayFilter(event -> event.5 <= {after:DateTime64(6, 'UTC')}, known)),
                (toInt64(1), known)
            ] AS side
        WHERE notEmpty(side.2)
    ),
    changes AS
    (
        SELECT
            cell.1 AS span,
            cell.2 AS hour,
            object_type,
            from_type,
            to_type,
            nth AS again,
            legal_entity,
            region,
            roundDown(toUInt64(dateDiff('microsecond', from_time, to_time)), {bounds:Array(UInt64)}) AS low_us,
            '' AS currency,
            sign AS number,
            toInt64(0) AS unpriced,
            toDecimal128(0, 9) AS amount
        FROM ways
        ARRAY JOIN from_types AS from_type, types AS to_type, from_times AS from_time, times AS to_time, again AS nth
        ARRAY JOIN [('hour', hour_of(to_time)), ('day', day_of(to_time))] AS cell
        UNION ALL
        SELECT
            'standing',
            day_of(times[-1]),
            object_type,
            types[-1],
            '',
            0,
            legal_entity,
            region,
            0,
            currency,
            sign,
            if(isNull(ways.amount), sign, 0),
            ifNull(ways.amount, toDecimal128(0, 9)) * sign
        FROM ways
    )
SELECT
    {layout:String},
    span,
    hour,
    object_type,
    from_type,
    to_type,
    again,
    legal_entity,
    region,
    low_us,
    currency,
    number_before + sum(change.1),
    unpriced_before + sum(change.2),
    amount_before + sum(change.3),
    sum(stood.1) AS number_before,
    sum(stood.2) AS unpriced_before,
    sum(stood.3) AS amount_before,
    this_version
FROM
(
    SELECT
        span, hour, toString(object_type) AS object_type, from_type, to_type, toUInt8(again) AS again, legal_entity,
        region, toUInt64(low_us) AS low_us, currency, (number, unpriced, amount) AS change,
        (toInt64(0), toInt64(0), toDecimal128(0, 9)) AS stood
    FROM changes
    UNION ALL
    SELECT
        toString(span), hour, toString(object_type), toString(from_type), toString(to_type), again,
        toString(legal_entity), toString(region), low_us, toString(currency),
        (toInt64(0), toInt64(0), toDecimal128(0, 9)),
        if(version = this_version, (number_before, unpriced_before, amount_before), (number, unpriced, amount))
    FROM flow_counts FINAL
    WHERE layout = {layout:String}
        AND (NOT {touched:Bool} OR hour IN
        (
            SELECT arrayJoin([hour_of(occurred_at), day_of(occurred_at)])
            FROM object_milestones
            WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM looked_at)
        ))
)
GROUP BY span, hour, object_type, from_type, to_type, again, legal_entity, region, low_us, currency
HAVING sum(change.1) != 0 OR sum(change.2) != 0 OR sum(change.3) != 0
SETTINGS optimize_aggregation_in_order = 1
