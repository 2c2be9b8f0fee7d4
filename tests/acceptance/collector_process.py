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
from milepost.store_arrival import StoreArrival
from storage.client import Store


def main(dsn: str, spool: str = "") -> None:
    """Serves until the input ends."""
    clock = SystemClock()
    with Store(dsn, asks_now=False) as store:
        settings = SpoolSettings(Path(spool), 64 * 1024 * 1024) if spool else None
        arrival = StoreArrival(store, clock)
        arrival.attempt()
        collector = Collector(
            store, clock, CollectorRegistry(), [], spool=settings, store_problem=lambda: arrival.problem
        )
        arrival.attempt(collector.load)
        listening = bind("127.0.0.1", 0, "the test's port")
        server = HttpServer(collector.app, listening, "collector")
        collector.start()
        arrival.start()
        server.start()
        sys.stdout.write(f"{address(listening)}\n")
        sys.stdout.flush()
        sys.stdin.read()
        arrival.stop()
        server.stop()
        collector.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
