"""Ten rules over a million events: Milepost's evaluation and tick beside a plain reading of the same with pandas.

Both find the same alerts, or the benchmark fails. Reading the events is inside both times, from the store here and from
a Parquet file there; a tick is what Milepost does instead of reading all of it again.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import clickhouse_connect

from bench.figures import Figure
from bench.peers.memory import most_resident_mib
from bench.processes import spawned
from bench.tick import text_of
from domain.clock import SystemClock
from domain.contract import Contracts
from domain.instants import to_micros
from domain.rule import Rule
from rules.calendars import SHIPPED as CALENDARS
from rules.engine import ENGINE, Engine, rules_version
from rules.evaluator import evaluate
from rules.loader import load_rules
from rules.references import load_references
from storage.client import DEFAULT_DATABASE, Store
from storage.engine_state import Watermark, write_watermark
from storage.events import EventRow, insert_events
from storage.migrator import migrate

_RULES = Path(__file__).with_name("rules.yaml")
# An order has about four events.
_ORDERS_A_MILLION = 240_000
_ORDERS_AT_ONCE = 120_000
_ARRIVALS = 5_000
# (rule, order, microseconds since 1970 at which it fired)
Alert = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Size:
    """How many events are read, and how often."""

    orders: int
    rounds: int


QUICK, FULL = Size(_ORDERS_A_MILLION // 5, 1), Size(_ORDERS_A_MILLION, 3)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one of the two took, a value a round, and what it found; `ticks` where it can go on from there."""

    seconds: Sequence[float]
    most_mib: float
    found: frozenset[Alert]
    ticks: Sequence[float] = ()


def beside_pandas(size: Size) -> list[Figure]:
    """Seconds and memory of both, and their ratio."""
    now = SystemClock().now()
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder:
        table = f"{folder}/orders.parquet"
        with spawned(_fill, f"{folder}/store", table, size.orders, now) as pipe:
            events = pipe.recv()
        with spawned(_with_pandas, table, now, size.rounds) as pipe:
            theirs: Taken = pipe.recv()
        with spawned(_with_milepost, f"{folder}/store", now, size.rounds) as pipe:
            ours: Taken = pipe.recv()
    if ours.found != theirs.found:
        raise AssertionError(difference(ours.found, theirs.found))
    name = f"10 rules, {events:,} events, {len(ours.found):,} alerts, the same"
    ratio = [one / other for one, other in zip(ours.seconds, theirs.seconds, strict=True)]
    return [
        Figure("pandas", f"{name}: evaluate", "s", ours.seconds),
        Figure("pandas", f"{name}: pandas", "s", theirs.seconds),
        Figure("pandas", "evaluate / pandas", "×", ratio),
        Figure("pandas", "a tick with 5,000 arrivals instead", "s", ours.ticks),
        Figure("pandas", "most resident, evaluate", "MiB", [ours.most_mib]),
        Figure("pandas", "most resident, pandas", "MiB", [theirs.most_mib]),
    ]


def ten_rules() -> tuple[Rule, ...]:
    """The rules that both read."""
    return load_rules([_RULES], load_references(CALENDARS, Contracts()))


def difference(ours: frozenset[Alert], theirs: frozenset[Alert]) -> str:
    """Says how many alerts only one of both found, with one of each."""
    sides = (("Milepost", ours - theirs), ("the peer", theirs - ours))
    told = [f"{len(only)} only by {name}, such as {min(only)}" for name, only in sides if only]
    return f"the alerts differ: {'; '.join(told)}"


def fill_orders(folder: str, orders: int, now: datetime) -> None:
    """Fills a migrated store with so many orders up to `now`."""
    client = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)
    try:
        for first in range(0, orders, _ORDERS_AT_ONCE):
            some = min(_ORDERS_AT_ONCE, orders - first)
            shape = {"first": first, "orders": some, "total": orders, "now_us": to_micros(now)}
            client.command(text_of("fill_orders"), parameters=shape)
    finally:
        client.close()


def _fill(pipe: Connection, folder: str, table: str, orders: int, now: datetime) -> None:
    import pyarrow.parquet

    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill_orders(folder, orders, now)
        client = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)
        try:
            events = client.query_arrow(text_of("orders_read"), use_strings=True)
        finally:
            client.close()
    pyarrow.parquet.write_table(events, table)
    pipe.send(events.num_rows)


def _with_pandas(pipe: Connection, table: str, now: datetime, rounds: int) -> None:
    import pandas as pd

    from bench.peers.pandas_reading import read_rules

    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = read_rules(pd.read_parquet(table), now)
        seconds.append(time.perf_counter() - began)
    alerts = frozenset(
        (rule, order, at.value // 1000 if at.unit == "ns" else to_micros(at.to_pydatetime()))
        for rule, fired in found.items()
        for order, at in fired.items()
    )
    pipe.send(Taken(seconds, most_resident_mib(), alerts))


def _with_milepost(pipe: Connection, folder: str, now: datetime, rounds: int) -> None:
    rules = ten_rules()
    with Store(f"chdb://{folder}") as store:
        seconds = []
        for _ in range(rounds):
            began = time.perf_counter()
            alerts = evaluate(store, rules, now)
            seconds.append(time.perf_counter() - began)
        most_mib = most_resident_mib()
        found = frozenset(
            (alert.name, alert.business_object.id, to_micros(alert.fired_at)) for alert in alerts if alert.fired_at
        )
        pipe.send(Taken(seconds, most_mib, found, _ticks(store, rules, now, rounds)))


def _ticks(store: Store, rules: Sequence[Rule], now: datetime, rounds: int) -> list[float]:
    """How long it takes to go on from what has been told, five seconds and 5,000 new orders at a time."""
    write_watermark(store, ENGINE, Watermark(now, rules_version(rules)), now)
    engine = Engine(store, rules)
    seconds = []
    for number in range(1, rounds + 2):
        at = now + number * timedelta(seconds=5)
        insert_events(store, [_approval(f"N-{number}-{place}", at) for place in range(_ARRIVALS)])
        began = time.perf_counter()
        result = engine.tick(at)
        seconds.append(time.perf_counter() - began)
        assert result.objects == _ARRIVALS, result
    # The first one warms up.
    return seconds[1:]


def _approval(order: str, at: datetime) -> EventRow:
    micros = to_micros(at) - 1_000_000
    return EventRow(
        "crm", f"approved-{order}", "order.approved", micros, micros, "", "", "", "", "", [("order", order, "")],
        "12500.00", "EUR", "DE01", "EMEA", {"tier": "gold"}, "application/json", "", {}, "{}", False,
    )  # fmt: skip
