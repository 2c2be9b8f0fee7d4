"""How long hops take to read at ten million events and as many spans: the list, what waits, the outlook, a keeping."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection

import clickhouse_connect

from bench.figures import Figure
from bench.processes import spawned
from bench.tick import OPEN_CASES, fill, text_of
from domain.clock import SystemClock
from domain.hop import Hop, HopKind
from domain.instants import to_micros
from domain.period import Periods
from kpis.hop_figures import hop_courses, hop_list
from kpis.hop_keeper import HOPS, HopKeeper, whole_minute
from kpis.hop_outlook import hop_outlooks
from storage.client import DEFAULT_DATABASE, Store
from storage.engine_state import Watermark, write_watermark
from storage.hops import keep_calls
from storage.kpi_cases import Pricing
from storage.migrator import migrate

_EURO = Pricing("EUR", 7)
_ERP = Hop(HopKind.CALL, "middleware", "erp")
_CASES_AT_ONCE = 200_000
_DAYS = 31
_TARGET_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Scale:
    """How many events and spans there are, and how often each reading is repeated."""

    events: int
    repeats: int


QUICK, FULL = Scale(1_000_000, 3), Scale(10_000_000, 7)


def hops(scale: Scale) -> list[Figure]:
    """A figure for each reading."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, scale) as pipe:
        found: dict[str, Sequence[float]] = pipe.recv()
    size = f"{scale.events // 1_000_000} million events and spans"
    return [
        Figure("hops", f"{name} at {size}", "s", seconds, _TARGET_SECONDS, more_is_better=False)
        for name, seconds in found.items()
    ]


def _measure(pipe: Connection, folder: str, scale: Scale) -> None:
    now = SystemClock().now()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, scale.events, now)
        _fill_spans(folder, scale.events, to_micros(now))
        first = whole_minute(now) - timedelta(days=_DAYS)
        for day in range(_DAYS):
            begin = first + timedelta(days=day)
            keep_calls(store, begin, begin + timedelta(days=1), begin - timedelta(days=1))
        write_watermark(store, HOPS, Watermark(whole_minute(now) - timedelta(minutes=1), ""), now)
        readings: dict[str, Callable[[], object]] = {
            "list over an hour": lambda: hop_list(store, now - timedelta(hours=1), now, _EURO),
            "list over a day": lambda: hop_list(store, now - timedelta(days=1), now, _EURO),
            "list over 30 days": lambda: hop_list(store, now - timedelta(days=30), now, _EURO),
            "small figures over a day": lambda: hop_courses(store, now - timedelta(days=1), now, 30),
            "outlook until the cutoff": lambda: hop_outlooks(store, _ERP, Periods(), now, _EURO),
            "keeping of a minute": lambda: _keep_again(store),
        }
        pipe.send({name: [_seconds(reading) for _ in range(scale.repeats)] for name, reading in readings.items()})


def _fill_spans(folder: str, events: int, now_us: int) -> None:
    client = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)
    try:
        shape = {"total": events}
        for first in range(0, events // 5, _CASES_AT_ONCE):
            part = {**shape, "now_us": now_us, "first": first, "cases": min(_CASES_AT_ONCE, events // 5 - first)}
            client.command(text_of("fill_spans"), parameters=part)
        client.command(text_of("fill_hop_objects"), parameters={**shape, "open_cases": OPEN_CASES})
        client.command(text_of("fill_hop_milestones"))
    finally:
        client.close()


def _keep_again(store: Store) -> None:
    end = whole_minute(SystemClock().now())
    write_watermark(store, HOPS, Watermark(end - timedelta(minutes=1), ""), SystemClock().now())
    HopKeeper(store).tick(end)


def _seconds(reading: Callable[[], object]) -> float:
    began = time.perf_counter()
    reading()
    return time.perf_counter() - began
