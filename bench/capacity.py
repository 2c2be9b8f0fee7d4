"""What an event and a span take on disk after the demo company's traffic, and how long backups of many events take."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

import clickhouse_connect

from bench.figures import Figure
from bench.processes import spawned
from bench.tick import fill, text_of
from domain.clock import SystemClock
from storage.client import DEFAULT_DATABASE, Store
from storage.folder_backup import back_up_folder, restore_folder
from storage.migrator import migrate

_MILEPOST = str(Path(sys.executable).parent / "milepost")
# KPIs, the close and the flow are kept once a minute: after this nothing is left to keep.
_SETTLING = timedelta(seconds=150)
_OF_SPANS = ("otel_traces", "otel_traces_trace_id_ts", "hop_calls", "hop_minutes", "hop_failures")
# Few rows whatever the traffic: what they take is no share of an event.
_SHOWN_FROM_BYTES = 0.5
QUICK, FULL = 7, 90
QUICK_BACKUP, FULL_BACKUP = 1_000_000, 3_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a table holds, and how much that is on disk."""

    rows: int
    size: int


def capacity(days: int) -> list[Figure]:
    """Bytes an event and a span by table, all merged, and what a million events a day come to in a year."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder:
        _live_through(Path(folder), days)
        with spawned(_measure, str(Path(folder) / "store")) as pipe:
            tables: dict[str, Size] = pipe.recv()
    return figures_of(tables)


def figures_of(tables: dict[str, Size]) -> list[Figure]:
    """The figures of a store whose tables are so large."""
    events, spans = tables["events"].rows, tables["otel_traces"].rows
    figures = [
        Figure("capacity", "events", "", [events]),
        Figure("capacity", "milestones an event", "", [tables["object_milestones"].rows / events]),
        Figure("capacity", "spans", "", [spans]),
    ]
    by_event = {name: one.size / events for name, one in tables.items() if name not in _OF_SPANS}
    by_span = {name: tables[name].size / spans for name in _OF_SPANS if name in tables}
    for kind, sizes in (("event", by_event), ("span", by_span)):
        named = {name: size for name, size in sizes.items() if size >= _SHOWN_FROM_BYTES}
        rest = sum(sizes.values()) - sum(named.values())
        for name, size in {**named, "other tables": rest, "together": sum(sizes.values())}.items():
            figures.append(Figure("capacity", f"{name}, an {kind}".replace("an span", "a span"), "bytes", [size]))
    yearly = [("million events a day", sum(by_event.values())), ("million spans a day", sum(by_span.values()))]
    return figures + [
        Figure("capacity", f"a year of a {what}", "GB", [size * 1e6 * 365 / 1e9]) for what, size in yearly
    ]


def backups(events: int) -> list[Figure]:
    """How long a store of so many events takes to back up and to restore, and how large it is."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder:
        with spawned(_fill, str(Path(folder) / "store"), events) as pipe:
            pipe.recv()
        backup = Path(folder) / "backup"
        began = time.perf_counter()
        copied = back_up_folder(Path(folder) / "store", backup, SystemClock().now())
        written = time.perf_counter()
        restore_folder(backup, Path(folder) / "restored")
        restored = time.perf_counter()
    scale = f"{events // 1_000_000} million events"
    return [
        Figure("backup", f"size of {scale}", "MB", [copied.size / 1e6]),
        Figure("backup", f"backup of {scale}", "s", [written - began], more_is_better=False),
        Figure("backup", f"restore of {scale}", "s", [restored - written], more_is_better=False),
    ]


def _fill(pipe: Connection, folder: str, events: int) -> None:
    now = SystemClock().now()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, events, now)
    pipe.send(True)


def _measure(pipe: Connection, folder: str) -> None:
    pipe.send(sizes_in(folder))


def sizes_in(folder: str) -> dict[str, Size]:
    """The tables of a store at rest, each merged to as few parts as it can be."""
    client = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)
    try:
        # TTL is judged by the machine's clock, and would take what the demo's history began with.
        client.command("SYSTEM STOP TTL MERGES")
        for name, *_ in client.query(text_of("table_sizes")).result_rows:
            client.command(f"OPTIMIZE TABLE {name} FINAL")
        rows = client.query(text_of("table_sizes")).result_rows
        return {name: Size(int(count), int(size)) for name, count, size in rows}
    finally:
        client.close()


def _live_through(folder: Path, days: int) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    ports = {f"MILEPOST_{name}_PORT": "0" for name in ("COLLECTOR", "GRPC", "CONSOLE")}
    environment = {**kept, **ports, "MILEPOST_STORE": f"chdb://{folder / 'store'}"}
    with _started([_MILEPOST, "up"], folder, environment) as up:
        try:
            url = _awaited(up.stdout, "collector ").split()[1].removesuffix("/v1/events,")
            sending = [_MILEPOST, "demo", "--days", str(days), "--rate", "0", "--endpoint", url]
            with _started(sending, folder, environment) as demo:
                _awaited(demo.stdout, "demo: history of")
                demo.send_signal(signal.SIGTERM)
            time.sleep(_SETTLING.total_seconds())
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait()


def _started(command: Sequence[str], folder: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _awaited(lines: IO[str] | None, beginning: str) -> str:
    for line in lines or ():
        if line.startswith(beginning):
            return line
    raise RuntimeError(f"the program ended before it said {beginning!r}")
