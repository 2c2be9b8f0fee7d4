"""A collector in a process of its own, started as the service starts it, for tests that kill it.

`python -m tests.acceptance.collector_process STORE [SPOOL]` prints its address once it answers, and ends with its
input.
"""

import sys
from pathlib import Path

from prometheus_client import CollectorRegistry

from collector.app import Collector
from collector.spooling import SpoolSettings
from domain.clock import SystemClock
from milepost.http_server import HttpServer, address, bind
from storage.client import Store
from storage.migrator import migrate
from storage.repair import repair_latest


def main(dsn: str, spool: str = "") -> None:
    """Serves until the input ends."""
    clock = SystemClock()
    with Store(dsn) as store:
        migrate(store, clock.now())
        repair_latest(store)
        settings = SpoolSettings(Path(spool), 64 * 1024 * 1024) if spool else None
        collector = Collector(store, clock, CollectorRegistry(), [], spool=settings)
        listening = bind("127.0.0.1", 0, "the test's port")
        server = HttpServer(collector.app, listening, "collector")
        collector.start()
        server.start()
        sys.stdout.write(f"{address(listening)}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.stop()
        collector.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
