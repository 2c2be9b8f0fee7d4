"""kill -9 while the server store is away, and while the spool is drained: what was acknowledged is stored once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.client import Store
from tests.acceptance.test_ingest_survives_kill import Sender, collector_on
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine
from tests.waiting import eventually

ROUNDS, CLIENTS = 3, 4


def spool_until_killed(dsn: str, folder: Path, server: ExitStack, round_: int) -> list[Sender]:
    """Senders whose requests go into the spool, since the server goes away first; the collector is killed amid them."""
    enough = threading.Semaphore(0)
    with collector_on(dsn, str(folder)) as (process, url), ThreadPoolExecutor(CLIENTS) as pool:
        # Amid the storing of what the round before left.
        server.close()
        senders = [Sender(url, round_, client) for client in range(CLIENTS)]
        running = [pool.submit(sender.run, enough) for sender in senders]
        for _ in range(40):
            assert enough.acquire(timeout=30)
        process.kill()
        for sender in running:
            sender.result()
    return senders


def spooled_bytes(url: str) -> float:
    page = httpx.get(f"{url}/metrics", timeout=30).text
    lines = [line for line in page.splitlines() if line.startswith("milepost_spool_bytes{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.clickhouse_server
def test_nothing_acknowledged_from_the_spool_is_lost_or_stored_twice(
    engine: Engine, migrated_database: str, tmp_path: Path
) -> None:
    engine.clear(migrated_database)
    acknowledged: set[str] = set()
    port = 0
    for round_ in range(ROUNDS):
        with ExitStack() as server:
            endpoint = server.enter_context(serving(ClickHouseEndpoint(engine.folder, port=port)))
            port, dsn = endpoint.server_port, endpoint.dsn(migrated_database)
            for sender in spool_until_killed(dsn, tmp_path / "spool", server, round_):
                acknowledged |= sender.acknowledged
        assert list((tmp_path / "spool" / "events").glob("*.segment")), "nothing was spooled"

    with serving(ClickHouseEndpoint(engine.folder, port=port)), collector_on(dsn, str(tmp_path / "spool")) as (_, url):
        eventually(lambda: spooled_bytes(url) == 0, "the spool is empty")

    with Store(engine.dsn(migrated_database)) as store:
        rows: list[dict[str, Any]] = engine.select(store, "SELECT event_id FROM events")
    stored = [row["event_id"] for row in rows]
    assert acknowledged
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
