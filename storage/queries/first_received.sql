-- When the first stored event was received; no row where there is none by `known_at`.
-- params: known_at DateTime64(6, 'UTC')
-- columns: received_at
SELECT min(arrived_at) AS received_at
FROM (SELECT received_at AS arrived_at FROM events WHERE received_at <= {known_at:DateTime64(6, 'UTC')})
HAVING count() > 0
