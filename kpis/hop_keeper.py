"""Keeps calls by the minute, and what the middleware told, from what was received in minutes that are over."""

from datetime import datetime, timedelta

from domain.instants import EPOCH
from storage.client import INSERT_SECONDS, Store
from storage.engine_state import Watermark, read_watermark, write_watermark
from storage.hops import (
    MINUTE,
    keep_arrivals,
    keep_calls,
    keep_messages,
    kinds_that_arrive,
    next_span_received,
)

# How far the keeping came, as the store names it.
HOPS, _MESSAGES = "hops", "hop_messages"
# ClickHouse stamps spans when their insert begins, and they are seen when it ends; with room for clocks that differ.
INSERTED_WITHIN = timedelta(seconds=INSERT_SECONDS + 5)
# Bounds what a store that has many spans and no minutes yet holds in memory at once.
_MINUTES_AT_ONCE = 30
# An event may come long before the span that failed, as an order waits for its turn.
_EVENTS_BEFORE = timedelta(days=1)


class HopKeeper:
    """Brings the minutes of one store up to date; nothing is kept here between ticks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tick(self, settled: datetime) -> datetime | None:
        """Up to which minute all is kept; None before the first span.

        No span received by `settled` is still on its way. A tick that is cut off is repeated by the next: a minute is
        kept once it is over, and from the same spans each time.
        """
        through = whole_minute(settled)
        self._keep_messages(through, settled)
        kept = kept_through(self._store)
        while kept is None or kept < through:
            # Nights in which no span came, and the time before the first, are skipped.
            first = next_span_received(self._store, kept or EPOCH, through)
            if first is None and kept is None:
                return None
            after = through if first is None else max(kept or EPOCH, whole_minute(first) - MINUTE)
            upto = min(after + _MINUTES_AT_ONCE * MINUTE, through)
            if after < upto:
                keep_calls(self._store, after, upto, max(after - _EVENTS_BEFORE, EPOCH))
            write_watermark(self._store, HOPS, Watermark(upto, ""), settled)
            kept = upto
        self._keep_arrivals(through, settled)
        return kept

    def _keep_arrivals(self, through: datetime, settled: datetime) -> None:
        """Brings the events of all kinds up to date; those of a kind that is new from the first on."""
        by_beginning: dict[datetime, list[tuple[str, str]]] = {}
        for kind in kinds_that_arrive(self._store):
            before = read_watermark(self._store, _kept_as(kind))
            by_beginning.setdefault(before.evaluated_through if before else EPOCH, []).append(kind)
        for after, kinds in by_beginning.items():
            if after < through:
                keep_arrivals(self._store, kinds, after, through)
                for kind in kinds:
                    write_watermark(self._store, _kept_as(kind), Watermark(through, ""), settled)

    def _keep_messages(self, through: datetime, settled: datetime) -> None:
        before = read_watermark(self._store, _MESSAGES)
        after = before.evaluated_through if before else EPOCH
        if after < through:
            keep_messages(self._store, after, through)
            write_watermark(self._store, _MESSAGES, Watermark(through, ""), settled)


def _kept_as(kind: tuple[str, str]) -> str:
    return f"hop_arrivals {' '.join(kind)}"


def kept_through(store: Store) -> datetime | None:
    """Up to which minute all is kept; None before any was."""
    watermark = read_watermark(store, HOPS)
    return watermark.evaluated_through if watermark else None


def whole_minute(at: datetime) -> datetime:
    """The beginning of an instant's minute."""
    return at.replace(second=0, microsecond=0)
