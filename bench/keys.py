"""How many rows the engine reads for the program's usual questions, by the sort keys that there are and by arrival."""

import tempfile
from datetime import timedelta
from multiprocessing.connection import Connection

import clickhouse_connect

from bench.figures import Figure
from bench.processes import spawned
from bench.tick import fill, text_of
from domain.clock import SystemClock
from storage.client import DEFAULT_DATABASE, Store
from storage.migrator import migrate

_QUESTIONS = {
    "milestones of an object": ("key_object", "object_milestones"),
    "milestones of the last hour": ("key_arrivals", "object_milestones"),
    "an event by its identity": ("key_identity", "events"),
}
QUICK, FULL = 1_000_000, 1_000_000


def keys(events: int) -> list[Figure]:
    """Two figures for each question: rows read by the key that there is, and by a copy in order of arrival."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, events) as pipe:
        found: dict[str, int] = pipe.recv()
    return [Figure("keys", what, "rows", [rows], more_is_better=False) for what, rows in found.items()]


def _measure(pipe: Connection, folder: str, events: int) -> None:
    now = SystemClock().now()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, events, now)
        client = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)
        for table in ("events", "object_milestones"):
            client.command(text_of("key_by_arrival"), parameters={"copy": f"{table}_by_arrival", "table": table})
        found = {}
        for what, (query, table) in _QUESTIONS.items():
            for copy, by in ((table, "by its key"), (f"{table}_by_arrival", "by arrival")):
                since = (now - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
                params = {"table": copy, **({"since": since} if query == "key_arrivals" else {})}
                rows = client.query(text_of(query), parameters=params).named_results()
                found[f"{what}, {by}"] = sum(row["rows"] for row in rows)
        client.close()
    pipe.send(found)
