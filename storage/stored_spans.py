"""Tells which spans are stored, for drains and replays that must not store one twice."""

from collections.abc import Mapping

from storage.client import Store

SpanId = tuple[str, str]
# A ClickHouse server takes 128 KiB a parameter; a trace id takes 35 of them.
_PORTION = 3_500
# Beyond these the table's key, which counts seconds from 1970 in 32 bits, does not say when a span began.
_DATED = range((1 << 32) * 1_000_000_000)


def stored_spans(store: Store, starts: Mapping[SpanId, int]) -> set[SpanId]:
    """Those of the spans (trace id, span id; in hexadecimal) that are stored.

    Each comes with when it began, in nanoseconds since 1970: spans that began together are looked for together, in
    that stretch of time only.
    """
    asked = sorted(starts, key=starts.__getitem__)
    found: set[SpanId] = set()
    for first in range(0, len(asked), _PORTION):
        portion = asked[first : first + _PORTION]
        since, until = starts[portion[0]], starts[portion[-1]]
        params = {
            "trace_ids": sorted({trace for trace, _ in portion}),
            "span_ids": [span for _, span in portion],
            "is_dated": since in _DATED and until in _DATED,
            "since": since,
            "until": until,
        }
        found |= {(row["trace_id"], row["span_id"]) for row in store.rows("stored_spans", params)}
    return found.intersection(asked)
