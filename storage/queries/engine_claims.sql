-- The claims of engines with their latest signs of life; of very many the latest epochs.
-- columns: epoch, holder, beat, state, is_resumed
SELECT epoch, holder, max(beat) AS beat, argMax(state, engine_claims.beat) AS state, max(is_resumed) AS is_resumed
FROM engine_claims
GROUP BY epoch, holder
ORDER BY epoch DESC, holder
LIMIT 1000
