"""Tells which spans are stored, for a replay that must not store one twice."""

from collections.abc import Collection

from storage.client import Store

# A ClickHouse server takes 128 KiB a parameter; a trace id takes 35 of them.
_PORTION = 1_000


def stored_spans(store: Store, spans: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the spans (trace id, span id; in hexadecimal) that are stored."""
    asked = list(spans)
    found: set[tuple[str, str]] = set()
    for start in range(0, len(asked), _PORTION):
        portion = asked[start : start + _PORTION]
        params = {"trace_ids": sorted({trace for trace, _ in portion}), "span_ids": [span for _, span in portion]}
        found |= {(row["trace_id"], row["span_id"]) for row in store.rows("stored_spans", params)}
    return found.intersection(asked)
