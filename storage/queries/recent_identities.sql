-- Which events were received in (after, through]: the hash of each row's identity, as identity_hashes.sql has it, and when.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: identity, received_us
SELECT xxh3(concat(source, '\0', event_id)) AS identity, toUnixTimestamp64Micro(received_at) AS received_us
FROM events
WHERE received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
