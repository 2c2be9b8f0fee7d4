-- Brings the kept cases of one gate of the close in line with what was received in (after, through] of a stretch of
-- objects: with `touched` of those that an event named in it, else of all. A case is an object from its first `from` to the
-- first `to` at or after it, and open without one; an `unless` before that, or at the same instant, leaves no case. What an
-- object was by `after` is deleted and what it is by `through` is written, in one insert, where the two differ; a tick that
-- is repeated writes the same rows. The legal entity is the latest that an event of the object stated, and so is an amount
-- that the first `from` leaves out; an open case is stuck at the last event of its object.
-- params: gate String, definition String, object_type String, after_id String, last_id String, touched Bool,
--   after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), from_types Array(String), to_types Array(String),
--   unless_types Array(String)
INSERT INTO close_cases
(
    gate, definition, is_open, slot, object_type, object_id, case_id, started_at, cleared_at, amount, currency,
    legal_entity, stuck_at, stuck_since, moved, version, is_deleted
)
WITH
    looked_at AS
    (
        SELECT DISTINCT object_id
        FROM object_milestones
        WHERE {touched:Bool}
            AND object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
    ),
    stated AS
    (
        SELECT object_id, type, occurred_at, received_at, source, event_id, amount, currency, legal_entity
        FROM object_milestones
        WHERE object_type = {object_type:String}
            AND object_id > {after_id:String}
            AND ({last_id:String} = '' OR object_id <= {last_id:String})
            AND received_at <= {through:DateTime64(6, 'UTC')}
            AND (NOT {touched:Bool} OR object_id IN (SELECT object_id FROM looked_at))
        ORDER BY received_at, occurred_at
        LIMIT 1 BY object_id, source, event_id
    ),
    known AS
    (
        SELECT
            object_id,
            is_past,
            minIf(occurred_at, has({from_types:Array(String)}, type)) AS started_at,
            arrayFilter(at -> at >= started_at,
                groupArrayIf(occurred_at, has({to_types:Array(String)}, type))) AS stops,
            if(empty(stops), NULL, arrayMin(stops)) AS cleared_at,
            groupArrayIf(occurred_at, has({unless_types:Array(String)}, type)) AS ends,
            argMinIf((amount, currency), (occurred_at, source, event_id), has({from_types:Array(String)}, type)) AS opening,
            argMaxIf((amount, currency), (occurred_at, source, event_id), isNotNull(amount)) AS latest,
            argMaxIf(legal_entity, (occurred_at, source, event_id), legal_entity != '') AS entity,
            argMax((type, occurred_at), (occurred_at, source, event_id)) AS last
        FROM stated
        ARRAY JOIN [true, false] AS is_past
        WHERE NOT is_past OR received_at <= {after:DateTime64(6, 'UTC')}
        GROUP BY object_id, is_past
        HAVING countIf(has({from_types:Array(String)}, type)) > 0
    ),
    cases AS
    (
        SELECT
            object_id,
            is_past,
            started_at,
            cleared_at,
            if(isNull(opening.1), latest.1, opening.1) AS amount,
            if(isNull(amount), '', toString(if(isNull(opening.1), latest.2, opening.2))) AS currency,
            toString(entity) AS legal_entity,
            isNull(cleared_at) ? toString(last.1) : '' AS stuck_at,
            isNull(cleared_at) ? last.2 : assumeNotNull(cleared_at) AS stuck_since
        FROM known
        WHERE NOT arrayExists(at -> isNull(cleared_at) OR at <= cleared_at, ends)
    ),
    compared AS
    (
        SELECT
            object_id,
            groupArray((is_past, started_at, cleared_at, amount, currency, legal_entity, stuck_at, stuck_since)) AS states,
            -- What a sign-off was on; the instant of a clearing is not.
            uniqExact((started_at, isNull(cleared_at), ifNull(toString(amount), '?'), currency, legal_entity)) = 1
                AND length(states) = 2 AS stays,
            uniqExact((ifNull(toString(cleared_at), '?'), stuck_at, stuck_since)) = 1 AS rests
        FROM cases
        GROUP BY object_id
        HAVING NOT (stays AND rests)
    )
SELECT
    {gate:String},
    {definition:String},
    isNull(state.3) AS is_open,
    toUInt32(intDiv(toUnixTimestamp64Micro(state.2) + 2208988800000000, 900000000)) AS slot,
    {object_type:String},
    object_id,
    '',
    state.2,
    state.3,
    state.4,
    state.5,
    state.6,
    state.7,
    state.8,
    NOT stays,
    2 * toUInt64(toUnixTimestamp64Micro({through:DateTime64(6, 'UTC')})) + NOT state.1 AS version,
    state.1
FROM compared
ARRAY JOIN states AS state
