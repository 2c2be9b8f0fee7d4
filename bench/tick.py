"""How long an evaluation tick takes with little and with much history, the same arrivals each time."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import clickhouse_connect

from bench.figures import Figure
from bench.processes import spawned
from domain.clock import SystemClock
from domain.instants import to_micros
from domain.rule import MilestoneRule, SeverityStep
from rules.engine import ENGINE, Engine, rules_version
from storage.client import DEFAULT_DATABASE, Store
from storage.engine_state import Watermark, write_watermark
from storage.events import EventRow, insert_events
from storage.migrator import migrate
from storage.sql_files import parse_query

_QUERIES = Path(__file__).parent / "queries"
OPEN_CASES = 100_000
# An arrival every millisecond for a tick of five seconds: 86 million events a day.
ARRIVALS = 5_000
_FILL_AT_ONCE = 1_000_000
# No event is in it twice, so nothing need be merged in advance: a fifth of the processor time.
_FILL_SETTINGS = {"optimize_on_insert": 0}


@dataclass(frozen=True, slots=True)
class Scale:
    """How many events of history there are, and how many ticks are measured on it."""

    events: int
    ticks: int


QUICK = (Scale(1_000_000, 5),)
FULL = (Scale(1_000_000, 9), Scale(10_000_000, 9), Scale(50_000_000, 9))


def ticks(scales: Sequence[Scale]) -> list[Figure]:
    """A figure for each scale, and how the tick grows from the first scale to each later one."""
    figures: list[Figure] = []
    for scale in scales:
        name = f"tick at {scale.events // 1_000_000} million events"
        with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, scale) as pipe:
            seconds: list[float] = pipe.recv()
        figures.append(Figure("tick", name, "s", seconds, 1.0, more_is_better=False))
    growth = [Figure("tick", f"{later.what} / at the least", "×", [later.median / figures[0].median], 1.5,
                     more_is_better=False) for later in figures[1:]]  # fmt: skip
    return figures + growth


def fifty_rules() -> list[MilestoneRule]:
    """Ten rules on each of five handoffs, a fifth of them with a condition."""
    handoffs = (
        ("quote", "quote.approved", "order.created"),
        ("contract", "contract.activated", "billing.configured"),
        ("order", "order.approved", "order.posted"),
        ("invoice", "invoice.posted", "invoice.visible_in_crm"),
        ("payment", "payment.received", "payment.visible_to_account"),
    )
    return [
        MilestoneRule(
            group="bench",
            name=f"{object_type.capitalize()}Late{number}",
            object_type=object_type,
            from_type=from_type,
            to_type=to_type,
            within=timedelta(hours=4, minutes=number),
            version="1",
            where="amount >= 50000 and legal_entity = 'DE01'" if number % 5 == 0 else None,
            at_risk=Fraction(3, 4),
            severity=(SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical")),
        )
        for object_type, from_type, to_type in handoffs
        for number in range(10)
    ]


def _measure(pipe: Connection, folder: str, scale: Scale) -> None:
    now = SystemClock().now()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, scale.events, now)
        rules = fifty_rules()
        write_watermark(store, ENGINE, Watermark(now, rules_version(rules)), now)
        engine = Engine(store, rules)
        seconds = []
        for number in range(scale.ticks + 1):
            at = now + (number + 1) * timedelta(seconds=5)
            insert_events(store, arrivals(number, scale.events, at))
            began = time.perf_counter()
            result = engine.tick(at)
            seconds.append(time.perf_counter() - began)
            assert result.objects == ARRIVALS, result
        pipe.send(seconds[1:])


def fill(folder: str, events: int, now: datetime) -> None:
    """Fills a migrated store with a history of so many events up to `now`, and the duties that are open."""
    client = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)
    try:
        shape = {"total": events, "open_cases": OPEN_CASES, "now_us": to_micros(now)}
        for first in range(0, events, _FILL_AT_ONCE):
            part = {**shape, "first": first, "events": _FILL_AT_ONCE}
            client.command(text_of("fill_history"), parameters=part, settings=_FILL_SETTINGS)
        client.command(text_of("fill_duties"), parameters=shape)
        client.command("OPTIMIZE TABLE object_milestones FINAL")
    finally:
        client.close()


def text_of(query: str) -> str:
    """The statement in bench/queries/<query>.sql."""
    return parse_query(query, (_QUERIES / f"{query}.sql").read_text(encoding="utf-8")).text


def arrivals(number: int, events: int, at: datetime) -> list[EventRow]:
    """Half of them new orders, half postings of orders that were open."""
    first_open = events // 5 - OPEN_CASES
    half = ARRIVALS // 2
    rows = []
    for place in range(number * half, (number + 1) * half):
        rows.append(_row("crm", "order.approved", f"new-{place}", at))
        rows.append(_row("erp", "order.posted", f"O-{first_open + place}", at))
    return rows


def _row(source: str, type_: str, order: str, at: datetime) -> EventRow:
    micros = to_micros(at) - 1_000_000
    return EventRow(
        source, f"{type_}-{order}", type_, micros, micros, "", "", "", "", "", [("order", order, "")],
        "12500.00", "EUR", "DE01", "EMEA", {"tier": "gold"}, "application/json", "", {}, "{}", False,
    )  # fmt: skip
