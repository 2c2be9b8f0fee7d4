"""The OpenAPI document and the running program agree: in their routes, and in every answer to a generated request."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from collector.access import DoorSettings
from collector.app import Collector
from collector.receivers.otlp import PROTOBUF
from collector.tokens import new_operator_token
from domain.clock import FixedClock
from milepost.api import api_routes
from milepost.http_server import HttpServer, address, bind
from milepost.openapi import PATH, document
from storage.alerts import write_transitions
from storage.client import Store
from tests.builders import NOW, alert, otlp_request, span
from tests.integration.collector.running import event
from tests.integration.collector.vendor_requests import all_sources

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SPANS = otlp_request(span()).SerializeToString()


@schemathesis.serializer(PROTOBUF)
def as_it_is(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


schemathesis.openapi.media_type(PROTOBUF, st.binary(max_size=60) | st.just(SPANS))
documented = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig())


class Running:
    """A collector with the whole API, as an operator calls it."""

    def __init__(self, collector: Collector, url: str, operator: str) -> None:
        self.collector = collector
        self.url = url
        self.headers = {"authorization": f"Bearer {operator}"}


@pytest.fixture
def running(embedded_store: Store) -> Iterator[Running]:
    """A collector with some events, a dead letter and an alert to tell of."""
    clock, operator = FixedClock(NOW), new_operator_token()
    write_transitions(embedded_store, [alert()])
    collector = Collector(
        embedded_store,
        clock,
        CollectorRegistry(),
        api_routes(embedded_store, clock),
        sources=all_sources(),
        door=DoorSettings(operator=operator),
    )
    listening = bind("127.0.0.1", 0, "the test's port")
    server = HttpServer(collector.app, listening, "collector")
    collector.start()
    server.start()
    try:
        running = Running(collector, address(listening), operator)
        sent = [event(1), event(2), event(3, time="soon")]
        httpx.post(f"{running.url}/v1/events", json=sent, headers=running.headers).raise_for_status()
        yield running
    finally:
        server.stop()
        collector.stop()


def test_the_document_and_the_program_have_the_same_routes(running: Running) -> None:
    answered = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in running.collector.routes
        if isinstance(route, Route)
        # An endpoint that looks at the method itself takes POST alone.
        for method in (route.methods or {"POST"}) - {"HEAD"}
    }
    described = {
        (path, method) for path, item in document()["paths"].items() for method in item if method != "parameters"
    }

    assert answered == described


def test_the_document_is_served(running: Running) -> None:
    assert httpx.get(f"{running.url}{PATH}").json() == document()


@documented.parametrize()
@settings(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_document_says(case: schemathesis.Case[Any], running: Running) -> None:
    case.call_and_validate(base_url=running.url, headers=running.headers, checks=CHECKS)
