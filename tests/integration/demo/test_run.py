"""The demo over real HTTP, against a collector that keeps what it is sent."""

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from domain.clock import FixedClock
from domain.errors import UsageError
from domain.instants import parse_instant
from milepost.demo.run import DemoSettings, run_demo
from tests.integration.demo.collector_double import CollectorDouble

START = datetime(2026, 11, 4, 0, 30, tzinfo=UTC)


class StoppingClock(FixedClock):
    """Tells the demo to stop after it has asked for the time that often; every answer is a minute later."""

    def __init__(self, stop: threading.Event, answers: int) -> None:
        super().__init__(START)
        self._stop, self._left = stop, answers

    def now(self) -> datetime:
        self._left -= 1
        if self._left <= 0:
            self._stop.set()
        now = super().now()
        self.advance(timedelta(minutes=1))
        return now


def run(endpoint: str, *, answers: int = 2) -> list[str]:
    """Runs a day of the demo and gives its lines; two answers of the clock are the history without live traffic."""
    stop, lines = threading.Event(), list[str]()
    settings = DemoSettings(endpoint=endpoint, days=1, rate=5)
    run_demo(settings, StoppingClock(stop, answers), stop, lines.append)
    return lines


def spans_of(collector: CollectorDouble) -> dict[str, list[Span]]:
    by_service: dict[str, list[Span]] = {}
    for each in collector.resource_spans:
        attributes = {attribute.key: attribute.value.string_value for attribute in each.resource.attributes}
        assert attributes["deployment.environment"] == "demo"
        for scope in each.scope_spans:
            by_service.setdefault(attributes["service.name"], []).extend(scope.spans)
    return by_service


def test_the_history_arrives_in_batches_with_the_spans_that_its_events_name() -> None:
    with CollectorDouble() as collector:
        lines = run(collector.endpoint)
    spans = spans_of(collector)
    ids = {span.span_id.hex() for service in spans.values() for span in service}
    today = [event for event in collector.events.values() if event["time"] >= "2026-11-04"]

    assert collector.content_types == {"application/cloudevents-batch+json"}
    assert 100 < collector.largest_batch <= 500
    assert set(spans) == {"billing", "cpq", "crm", "erp", "middleware", "payments"}
    assert {event["traceparent"].split("-")[2] for event in today} <= ids
    assert lines[1].startswith("demo: history of ")
    assert lines[-1].startswith("demo: stopped after ")
    assert f"{len(collector.events):,} accepted" in lines[-1]
    assert "0 rejected" in lines[-1]
    assert lines[-1].endswith(f"{sum(map(len, spans.values())):,} spans")


def test_failed_calls_arrive_as_error_spans_with_their_exception() -> None:
    with CollectorDouble() as collector:
        run(collector.endpoint)
    erp = spans_of(collector)["erp"]
    failed = [span for span in erp if span.status.code == Status.STATUS_CODE_ERROR]

    assert failed
    assert len(failed) < len(erp)
    for span in failed:
        exception = {attribute.key: attribute.value.string_value for attribute in span.events[0].attributes}
        assert exception["exception.type"] == "ErpPostingTimeout"
        assert exception["exception.message"].startswith("period lock on company code ")
        assert span.status.message == f"ErpPostingTimeout: {exception['exception.message']}"


def test_running_it_again_sends_only_duplicates() -> None:
    with CollectorDouble() as collector:
        run(collector.endpoint)
        before = len(collector.events)
        lines = run(collector.endpoint)

    assert "history" in lines[1]
    assert ": 0 accepted" in lines[1]
    assert len(collector.events) == before
    assert collector.conflicts == 0


def test_live_traffic_follows_the_history() -> None:
    with CollectorDouble() as collector:
        lines = run(collector.endpoint, answers=4)
    live = [event for event in collector.events.values() if parse_instant(event["time"]) > START]

    assert "demo: live with 5 web shop orders a minute" in lines[2]
    assert "web" in {event["data"]["attributes"]["channel"] for event in live}


def test_a_busy_collector_is_asked_again_and_loses_nothing() -> None:
    with CollectorDouble() as patient, CollectorDouble(busy=5) as busy:
        run(patient.endpoint)
        run(busy.endpoint)

    assert busy.events == patient.events


def test_without_a_collector_it_says_so_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError) as refused:
            run(endpoint)

    assert str(refused.value) == (
        f"no collector answers at {endpoint} ([Errno 111] Connection refused); start one with `milepost up`"
    )


def test_something_else_at_the_endpoint_is_named() -> None:
    with CollectorDouble(status=404) as other, pytest.raises(UsageError) as refused:
        run(other.endpoint)

    assert str(refused.value) == f"{other.endpoint}/v1/events answered 404: not here"


@pytest.mark.parametrize(
    ("endpoint", "days", "rate", "message"),
    [
        pytest.param(
            "localhost:4318",
            30,
            20,
            "endpoint is 'localhost:4318'; give a URL, such as http://127.0.0.1:4318",
            id="an endpoint that is no URL",
        ),
        pytest.param("http://127.0.0.1:1", 0, 20, "days is 0; give 1 to 365", id="no days"),
        pytest.param(
            "http://127.0.0.1:1",
            30,
            -1,
            "rate is -1; give 0 to 600 orders a minute",
            id="a negative rate",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(endpoint: str, days: int, rate: int, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        DemoSettings(endpoint, days=days, rate=rate)

    assert str(refused.value) == message


def test_a_proxy_of_the_environment_is_not_asked_for_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with CollectorDouble() as collector:
        run(collector.endpoint)

    assert collector.events
    assert collector.resource_spans
