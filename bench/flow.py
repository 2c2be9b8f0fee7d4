"""How long the flow map takes from the question to its figures, beside a history that was counted."""

import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection

from bench.figures import Figure
from bench.processes import spawned
from bench.tick import Scale, arrivals, fill
from domain.clock import SystemClock
from domain.flow import Handoff
from kpis.flow_keeper import keep_flow
from rules.watched_handoffs import flow_map
from storage.client import Store
from storage.events import insert_events
from storage.flow import ALL_FLOW, handoff_objects
from storage.kpi_cases import Pricing
from storage.migrator import migrate

QUICK = (Scale(1_000_000, 5),)
FULL = (Scale(1_000_000, 9), Scale(10_000_000, 9))
_EURO = Pricing("EUR", 7)


def flows(scales: Sequence[Scale]) -> list[Figure]:
    """For each scale: the map of thirty days, counting what came in five seconds, and a page of a handoff's objects."""
    figures: list[Figure] = []
    for scale in scales:
        at = f"at {scale.events // 1_000_000} million events"
        with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, scale) as pipe:
            maps, ticks, pages, first = pipe.recv()
        figures += [
            Figure("flow", f"flow map of 30 days {at}", "s", maps, 0.3, more_is_better=False),
            Figure("flow", f"objects of a handoff {at}", "s", pages, 1.5, more_is_better=False),
            Figure("flow", f"counting 5,000 arrivals {at}", "s", ticks, more_is_better=False),
            Figure("flow", f"counting all {at}", "s", [first], more_is_better=False),
        ]
    return figures


def _measure(pipe: Connection, folder: str, scale: Scale) -> None:
    now = SystemClock().now()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, scale.events, now)
        first = _timed(partial(keep_flow, store, now))
        maps, ticks, pages = [], [], []
        handoff = Handoff("order", "order.transmitted", "order.posted")
        for number in range(scale.ticks + 1):
            at = now + (number + 1) * timedelta(seconds=5)
            insert_events(store, arrivals(number, scale.events, at))
            since = at - timedelta(days=30)
            page = partial(handoff_objects, store, handoff, since, at, at, ALL_FLOW, is_waiting=False, limit=20)
            ticks.append(_timed(partial(keep_flow, store, at)))
            maps.append(_timed(partial(flow_map, store, since, at, _EURO)))
            pages.append(_timed(page))
        pipe.send((maps[1:], ticks[1:], pages[1:], first))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
