"""Answers from the store in this process, and the same from a running Milepost over HTTP."""

import contextlib
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry

from alerts.muting import Routing, shipped_routing
from collector.app import Collector
from collector.contract_definitions import SHIPPED, load_contracts
from domain.clock import FixedClock
from milepost.answers.from_api import ApiAnswers
from milepost.answers.from_store import StoreAnswers
from milepost.answers.protocol import Answers
from milepost.api.routes import api_routes
from milepost.http_server import HttpServer, address, bind
from storage.client import Store
from tests.builders import NOW

# The shipped rules judge by what the shipped contracts say.
CONTRACTS = load_contracts(SHIPPED).contracts
PLACES = ("in this process", "over HTTP")


@contextlib.contextmanager
def answers_at(place: str, store: Store, routing: Callable[[], Routing] = shipped_routing) -> Iterator[Answers]:
    """Answers about the store, as a command gets them in that place."""
    clock = FixedClock(NOW)
    if place == "in this process":
        yield StoreAnswers(store, clock, routing)
        return
    collector = Collector(store, clock, CollectorRegistry(), api_routes(store, clock, CONTRACTS, routing=routing))
    listening = bind("127.0.0.1", 0, "the test's port")
    server = HttpServer(collector.app, listening, "collector")
    collector.start()
    server.start()
    try:
        with contextlib.closing(ApiAnswers(address(listening))) as answers:
            yield answers
    finally:
        server.stop()
        collector.stop()
