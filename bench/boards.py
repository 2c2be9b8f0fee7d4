"""How long the statements of the Grafana boards take, as the plugin sends them, beside much history and many alerts."""

import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

import clickhouse_connect

from bench.figures import Figure
from bench.kpi import KPIS, MONTH, Scale
from bench.processes import spawned
from bench.tick import fill
from domain.alert import Alert, AlertState
from domain.clock import SystemClock
from grafana.sources import QUERIES, statement
from kpis.catalog import SHIPPED, load_kpis
from kpis.config import load_kpi_settings
from kpis.flow_keeper import keep_flow
from kpis.keeper import KpiKeeper
from storage.alerts import write_transitions
from storage.client import DEFAULT_DATABASE, Store
from storage.migrator import migrate
from tests.builders import alert
from tests.unit.grafana.plugin_macros import ALL, Sight, expanded

# A week's alerts of a company that has trouble.
ALERTS = 20_000
QUICK = (Scale(1_000_000, 5),)
FULL = (Scale(1_000_000, 9), Scale(10_000_000, 9))


def boards(scales: Sequence[Scale]) -> list[Figure]:
    """At each scale every statement of a board over thirty days, the slowest first; a statement has a target."""
    found: list[Figure] = []
    for scale in scales:
        at = f"at {scale.events // 1_000_000} million events"
        with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, scale) as pipe:
            measured: dict[str, list[float]] = pipe.recv()
        for name in sorted(measured, key=lambda name: min(measured[name]), reverse=True)[:3]:
            found.append(Figure("boards", f"{name} {at}", "s", measured[name], 0.3, more_is_better=False))
    return found


def _measure(pipe: Connection, folder: str, scale: Scale) -> None:
    now = SystemClock().now()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, scale.events, now)
        shipped = load_kpis([SHIPPED])
        KpiKeeper(store, {name: shipped[name] for name in KPIS}, load_kpi_settings()).tick(now - timedelta(days=1))
        KpiKeeper(store, {name: shipped[name] for name in KPIS}, load_kpi_settings()).tick(now)
        keep_flow(store, now)
        write_transitions(store, [_alert(number, now) for number in range(ALERTS)])
        client = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)
        try:
            pipe.send(
                {
                    path.stem: [_seconds(client, path.stem, now) for _ in range(scale.rounds + 1)][1:]
                    for path in QUERIES.glob("*.sql")
                }
            )
        finally:
            client.close()


def _alert(number: int, now: datetime) -> Alert:
    """One of alerts of thirty days and four rules, half of them over."""
    told_at = now - number * MONTH / ALERTS
    is_over = number % 2 == 0
    return alert(
        f"Late{number % 4}",
        f"order/O-{number}",
        state=AlertState.RESOLVED if is_over else AlertState.FIRING,
        started_at=told_at - timedelta(hours=5),
        deadline_at=told_at - timedelta(hours=1),
        fired_at=told_at - timedelta(hours=1),
        resolved_at=told_at if is_over else None,
        changed_at=told_at,
        recorded_at=told_at,
    )


def _seconds(client: clickhouse_connect.driver.client.Client, name: str, now: datetime) -> float:
    sight = Sight(now - MONTH, now, timedelta(hours=6), {"legal_entity": ALL, "kpi": KPIS})
    sent = expanded(statement(name), sight)
    began = time.perf_counter()
    client.query(sent)
    return time.perf_counter() - began
