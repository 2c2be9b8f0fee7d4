"""The demo's middleware: an order that is posted through it is posted once, and by nobody else afterwards."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from alerts.interventions.config import load_interventions
from domain.clock import FixedClock
from milepost.demo.middleware import DemoMiddleware, demo_interventions, demo_middleware
from milepost.demo.traffic import Traffic
from tests.builders import NOW

FACTS = {"order": "O-1", "amount": "12.50", "currency": "EUR", "legal_entity": "DE01", "run": "q2c-1"}


@pytest.fixture
def middleware() -> Iterator[DemoMiddleware]:
    with demo_middleware(FixedClock(NOW), lambda line: None) as middleware:
        yield middleware


def call(middleware: DemoMiddleware, key: str = "k-1", path: str = "/orders/O-1/repost", **how: Any) -> int:
    headers = {"Idempotency-Key": key} if key else {}
    return httpx.post(f"http://{middleware.host}{path}", headers=headers, **{"json": FACTS, **how}).status_code


def test_an_order_is_posted_once_per_key(middleware: DemoMiddleware) -> None:
    sent: list[dict[str, Any]] = []
    middleware.connect(sent.append)

    assert [call(middleware), call(middleware)] == [202, 202]
    [event] = sent
    assert (event["type"], event["source"], event["time"]) == ("order.posted", "erp", "2026-11-02T12:00:00Z")
    assert (event["correlationid"], event["data"]["objects"]) == ("q2c-1", [{"type": "order", "id": "O-1"}])
    assert middleware.posted == {"O-1"}


def test_what_the_collector_does_not_take_is_tried_again_by_whoever_called(middleware: DemoMiddleware) -> None:
    def away(event: dict[str, Any]) -> None:
        raise OSError

    before = call(middleware)
    middleware.connect(away)

    assert (before, call(middleware), middleware.posted) == (503, 503, set())


@pytest.mark.parametrize(
    ("status", "how"),
    [(404, {"path": "/orders"}), (400, {"key": ""}), (400, {"json": [1]}), (400, {"json": None, "content": "{"})],
    ids=["another path", "no key", "no object", "no JSON"],
)
def test_what_is_no_call_is_refused(middleware: DemoMiddleware, status: int, how: dict[str, Any]) -> None:
    middleware.connect(lambda event: None)

    assert call(middleware, **how) == status
    assert middleware.posted == set()


def test_the_demos_file_names_its_middleware(middleware: DemoMiddleware) -> None:
    with demo_interventions(middleware.host) as path:
        found = load_interventions(path)

    assert found.known == {"repost_order": "order"}
    assert found.by_name["repost_order"].url == f"http://{middleware.host}/orders/{{object_id}}/repost"


def test_what_was_posted_is_not_posted_again_by_the_company() -> None:
    def posted(traffic: Traffic) -> set[str]:
        events = traffic.due(NOW + timedelta(hours=6)).events
        return {json.dumps(event["data"]) for event in events if event["type"] == "order.posted"}

    untouched = posted(Traffic(7, NOW, 1, 0))
    orders = sorted(json.loads(one)["objects"][0]["id"] for one in untouched)
    left = posted(Traffic(7, NOW, 1, 0, posted={orders[0]}))

    assert {json.loads(one)["objects"][0]["id"] for one in untouched - left} == {orders[0]}
    assert left < untouched
