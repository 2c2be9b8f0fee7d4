"""A collector that answers over HTTP on loopback, with what a test wants to ask of it."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from starlette.routing import BaseRoute

from collector.access import DoorSettings
from collector.app import Collector
from collector.contract_door import ContractDoor
from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.receivers.otlp_grpc import GrpcServer
from collector.receivers.source_webhook import SourceWebhook
from collector.span_mapping_config import CorrelationConfig
from collector.spooling import SpoolSettings
from domain.clock import FixedClock
from milepost.http_server import HttpServer, address, bind
from milepost.store_arrival import StoreArrival
from storage.client import PATIENCE_SECONDS, Store
from storage.dead_letters import list_dead_letters, show_dead_letter
from tests.builders import NOW

Event = dict[str, Any]


class CountingStore(Store):
    """A store that knows how often something was inserted into a table."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.inserts: Counter[str] = Counter()

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        self.inserts[table] += 1
        super().insert(table, body, fmt, settings, seconds)


class SlowStore(CountingStore):
    """A store that takes nothing until told."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.may_take = threading.Event()

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        assert self.may_take.wait(60)
        super().insert(table, body, fmt, settings, seconds)


class RunningCollector:
    """A started collector on a store, its address, and its counters."""

    def __init__(
        self,
        store: Store,
        collector: Collector,
        registry: CollectorRegistry,
        http: httpx.Client,
        grpc_address: str,
        clock: FixedClock,
    ) -> None:
        self.grpc_address = grpc_address
        self.clock = clock
        self.store = store
        self.collector = collector
        self.registry = registry
        self.http = http

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(self.http.base_url).rstrip("/")

    def send(self, event: Event) -> httpx.Response:
        """Sends one event in structured mode."""
        return self.post(json.dumps(event).encode(), STRUCTURED)

    def send_batch(self, events: Sequence[Event]) -> dict[str, Any]:
        """Sends a batch and gives the answer's content."""
        response = self.post(json.dumps(events).encode(), BATCH)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def post(self, body: bytes, content_type: str, path: str = "/v1/events", **headers: str) -> httpx.Response:
        """Sends any body; underscores in header names become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, content=body, headers={"content-type": content_type, **named})

    def total(self, metric: str) -> int:
        """A counter's value, summed over its labels."""
        families: list[Metric] = list(self.registry.collect())
        return round(sum(s.value for family in families for s in family.samples if s.name == f"milepost_{metric}"))

    def letters(self) -> list[dict[str, Any]]:
        """Every dead letter, its body decoded, in the order of their bodies."""
        found = []
        for entry in list_dead_letters(self.store, 100_000):
            letter = show_dead_letter(self.store, entry["dead_letter_id"])
            assert letter is not None
            found.append({**letter, "body": base64.b64decode(letter["body_base64"])})
        return sorted(found, key=lambda letter: letter["body"])


@contextmanager
def running_collector(
    store: Store,
    contracts: ContractDoor | None = None,
    sources: Mapping[str, SourceWebhook] | None = None,
    correlation: CorrelationConfig = CorrelationConfig(),
    *,
    door: DoorSettings = DoorSettings(),
    spool: SpoolSettings | None = None,
    awaits_store: bool = False,
    routes: Sequence[BaseRoute] = (),
) -> Iterator[RunningCollector]:
    """A collector on the store, stopped when the test is done; one that awaits it begins as the service does."""
    registry = CollectorRegistry()
    clock = FixedClock(NOW)
    arrival = StoreArrival(store, clock)
    if awaits_store:
        arrival.attempt()
    problem = (lambda: arrival.problem) if awaits_store else None
    collector = Collector(
        store,
        clock,
        registry,
        list(routes),
        contracts,
        sources,
        correlation,
        door=door,
        spool=spool,
        store_problem=problem,
    )
    if awaits_store:
        arrival.attempt(collector.load)
    listening = bind("127.0.0.1", 0, "a test's port")
    server = HttpServer(collector.app, listening, "collector under test")
    grpc_server = GrpcServer(collector, "127.0.0.1", 0, "a test's port")
    collector.start()
    arrival.start()
    server.start()
    grpc_server.start()
    try:
        with httpx.Client(base_url=address(listening), timeout=30) as http:
            yield RunningCollector(store, collector, registry, http, grpc_server.address, clock)
    finally:
        arrival.stop()
        grpc_server.stop()
        server.stop()
        collector.stop()


def event(number: int = 1, **changes: Any) -> Event:
    """A valid event about one order; `changes` set its members."""
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "crm",
        "type": "order.approved",
        "time": "2026-11-02T09:30:00Z",
        "correlationid": f"q2c-{number:06d}",
        "data": {"objects": [{"type": "order", "id": f"O-{number}"}], "amount": f"{number}.10", "currency": "EUR"},
        **changes,
    }
