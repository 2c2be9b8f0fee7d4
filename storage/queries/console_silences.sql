-- One page of the silences in some of their states at an instant: those that end last come first.
-- params: at DateTime64(6, 'UTC'), states Array(String), limit UInt32, offset UInt32
-- columns: silence_id, matchers, starts_at, ends_at, created_by, comment, updated_at, version, total
SELECT silence_id, matchers, starts_at, ends_at, created_by, comment, updated_at, version, count() OVER () AS total
FROM silences FINAL
WHERE has(
    {states:Array(String)},
    multiIf(
        ends_at <= {at:DateTime64(6, 'UTC')}, 'expired',
        starts_at > {at:DateTime64(6, 'UTC')}, 'pending',
        'active'
    )
)
ORDER BY ends_at DESC, silence_id
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
