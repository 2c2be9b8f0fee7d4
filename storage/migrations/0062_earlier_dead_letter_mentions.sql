-- The same of the dead letters that came before; a second run changes nothing.
INSERT INTO dead_letter_mentions (mention, received_at, dead_letter_id, channel, code, reason, source, type, object_types)
WITH
    startsWith(trimLeft(body), '[') AS is_batch,
    headers['ce-type'] != '' AS is_binary,
    if(is_batch, '', if(is_binary, headers['ce-type'], JSONExtractString(body, 'type'))) AS event_type,
    if(is_binary, headers['ce-subject'], JSONExtractString(body, 'subject')) AS subject,
    if(is_binary, headers['ce-correlationid'], JSONExtractString(body, 'correlationid')) AS run,
    arrayFilter(
        object -> object.type != '' AND object.id != '',
        if(
            is_binary,
            JSONExtract(body, 'objects', 'Array(Tuple(type String, id String))'),
            JSONExtract(body, 'data', 'objects', 'Array(Tuple(type String, id String))'))) AS objects
SELECT
    mention, received_at, dead_letter_id, channel, code, substringUTF8(reason, 1, 1000) AS reason, source,
    event_type AS type, arrayDistinct(arrayMap(object -> object.type, objects)) AS object_types
FROM dead_letters
ARRAY JOIN arrayDistinct(arrayConcat(
    arrayMap(object -> concat(object.type, '/', object.id), arraySlice(objects, 1, 100)),
    if(position(subject, '/') > 1, [subject], []),
    if(run != '', [concat('/', run)], []))) AS mention
WHERE event_type != '' AND length(mention) <= 1000
