"""How long a KPI's figure takes with little and with much history, and a tick that keeps its cases."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection

from bench.figures import Figure
from bench.processes import spawned
from bench.tick import arrivals, fill
from domain.clock import SystemClock
from domain.kpi import Dimension, Kpi
from kpis.catalog import SHIPPED, load_kpis
from kpis.config import load_kpi_settings
from kpis.figures import Question, courses, figures
from kpis.keeper import KpiKeeper
from storage.client import Store
from storage.events import insert_events
from storage.migrator import migrate

# A cycle time of orders, one of invoices, a sum of money and a share: what the fill has cases of.
KPIS = ("order_activation", "invoice_to_crm", "booked", "completion_rate")
MONTH, DAY = timedelta(days=30), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Scale:
    """How many events of history there are, and how many times each figure is asked for."""

    events: int
    rounds: int


QUICK = (Scale(1_000_000, 5),)
FULL = (Scale(1_000_000, 9), Scale(10_000_000, 9))


def kpi_queries(scales: Sequence[Scale]) -> list[Figure]:
    """The slowest KPI's figure, by legal entity and in its course, at each scale, and how it grows; and the keeping."""
    found: list[Figure] = []
    for scale in scales:
        with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, scale) as pipe:
            measured: dict[str, list[float]] = pipe.recv()
        at = f"at {scale.events // 1_000_000} million events"
        for what, seconds in measured.items():
            target = 1.0 if what.startswith("keeping") else 0.3
            found.append(Figure("kpi", f"{what} {at}", "s", seconds, target, more_is_better=False))
    return found


def _measure(pipe: Connection, folder: str, scale: Scale) -> None:
    now = SystemClock().now()
    settings, shipped = load_kpi_settings(), load_kpis([SHIPPED])
    kpis = {name: shipped[name] for name in KPIS}
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, scale.events, now)
        keeper = KpiKeeper(store, kpis, settings)
        keeper.tick(now)
        questions = {
            "KPI of a month beside the month before": Question(now - MONTH, now),
            "KPI of a month by legal entity": Question(now - MONTH, now, Dimension.LEGAL_ENTITY),
        }
        measured = {
            what: [_slowest(store, kpis, question) for _ in range(scale.rounds)] for what, question in questions.items()
        }
        measured["course of a KPI over a month"] = [
            _course(store, kpis["order_activation"]) for _ in range(scale.rounds)
        ]
        measured["keeping four KPIs"] = []
        for number in range(scale.rounds):
            at = now + (number + 1) * timedelta(seconds=5)
            insert_events(store, arrivals(number, scale.events, at))
            began = time.perf_counter()
            keeper.tick(at)
            measured["keeping four KPIs"].append(time.perf_counter() - began)
    pipe.send(measured)


def _slowest(store: Store, kpis: dict[str, Kpi], question: Question) -> float:
    pricing = load_kpi_settings().pricing
    taken = []
    for kpi in kpis.values():
        began = time.perf_counter()
        figures(store, kpi, question, pricing)
        taken.append(time.perf_counter() - began)
    return max(taken)


def _course(store: Store, kpi: Kpi) -> float:
    until = SystemClock().now()
    begin = until.replace(hour=0, minute=0, second=0, microsecond=0) - MONTH
    began = time.perf_counter()
    courses(store, [kpi], Question(begin, until), DAY, load_kpi_settings().pricing)
    return time.perf_counter() - began
