-- The hash of every stored event's identity, as collector/identity.py computes it: what the filter at the door
-- is rebuilt from.
-- columns: identity
SELECT xxh3(concat(source, '\0', event_id)) AS identity FROM events
