"""A span that is a milestone becomes a business event before its sender is answered, by every way that spans come."""

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.receivers.otlp import JSON, PROTOBUF
from collector.span_mapping_config import CorrelationConfig
from collector.tokens import issue_token
from domain.clock import FixedClock
from storage.client import Store
from tests.builders import NOW, otlp_request, span
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, running_collector

PATH = "/v1/traces"
MAPPING = CorrelationConfig.model_validate(
    {
        "span_mappings": [
            {
                "mapping": "erp_order_posted",
                "service": "erp",
                "span": "POST /orders*",
                "event": "order.posted",
                "objects": [{"type": "order", "id": "order.id"}],
                "amount": {"attribute": "order.total", "currency": "EUR"},
            }
        ]
    }
)
EVENTS = "SELECT source, type, correlation_id, trace_id, span_id, toString(amount) AS amount, currency FROM events"
MILESTONES = "SELECT object_type, object_id, type FROM object_milestones"
STORED = {
    "source": "erp",
    "type": "order.posted",
    "correlation_id": "q2c-1",
    "trace_id": bytes(range(16)).hex(),
    "span_id": bytes(range(8)).hex(),
    "amount": "12.5",
    "currency": "EUR",
}


@pytest.fixture
def mapping(store: Store) -> Iterator[RunningCollector]:
    """A collector with a span mapping, on each kind of store in turn."""
    with running_collector(store, correlation=MAPPING) as running:
        yield running


def posted(**attributes: Any) -> ExportTraceServiceRequest:
    named = {"order.id": "O-1", "order.total": "12.50", "correlation.id": "q2c-1", **attributes}
    return otlp_request(span("POST /orders", attributes=named), service="erp")


def test_a_span_is_stored_and_its_event_too(mapping: RunningCollector, engine: Engine) -> None:
    assert mapping.post(posted().SerializeToString(), PROTOBUF, PATH).status_code == 200

    assert engine.select(mapping.store, EVENTS) == [STORED]
    assert engine.select(mapping.store, MILESTONES) == [
        {"object_type": "order", "object_id": "O-1", "type": "order.posted"}
    ]
    assert engine.select(mapping.store, "SELECT SpanName FROM otel_traces") == [{"SpanName": "POST /orders"}]


def test_a_span_sent_again_by_any_way_changes_no_figure(mapping: RunningCollector, engine: Engine) -> None:
    body = posted().SerializeToString()
    document = json_format.MessageToDict(posted())
    one = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    one.update(traceId=bytes(range(16)).hex(), spanId=bytes(range(8)).hex())

    mapping.post(body, PROTOBUF, PATH)
    mapping.post(json.dumps(document).encode(), JSON, PATH)
    with grpc.insecure_channel(mapping.grpc_address) as channel:
        export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        )
        export(body, timeout=30)

    assert engine.select(mapping.store, EVENTS) == [STORED]
    assert mapping.total("events_duplicate_total") == 2
    assert mapping.letters() == []


def test_other_spans_become_no_events(mapping: RunningCollector, engine: Engine) -> None:
    request = otlp_request(span("GET /orders", attributes={"order.id": "O-1"}), service="erp")
    request.MergeFrom(otlp_request(span("POST /orders", attributes={"order.id": "O-1"}), service="crm"))

    mapping.post(request.SerializeToString(), PROTOBUF, PATH)

    assert engine.select(mapping.store, EVENTS) == []
    assert mapping.total("spans_stored_total") == 2


def test_an_event_that_cannot_be_taken_is_kept_and_its_span_stored(mapping: RunningCollector) -> None:
    body = posted(**{"order.total": "a lot"}).SerializeToString()

    assert mapping.post(body, PROTOBUF, PATH).status_code == 200

    [letter] = mapping.letters()
    assert (letter["channel"], letter["code"], letter["source"]) == ("events", "invalid_amount", "erp")
    assert mapping.total("spans_stored_total") == 1
    assert mapping.total("events_received_total") == mapping.total("dead_letters_total") == 1


def test_while_its_event_cannot_be_stored_a_span_is_not_acknowledged(mapping: RunningCollector, engine: Engine) -> None:
    mapping.post(posted().SerializeToString(), PROTOBUF, PATH)
    body = posted(**{"order.id": "O-2"})
    body.resource_spans[0].scope_spans[0].spans[0].span_id = b"another1"
    engine.select(mapping.store, "ALTER TABLE events MODIFY SETTING parts_to_throw_insert = 1")
    try:
        refused = mapping.post(body.SerializeToString(), PROTOBUF, PATH)
    finally:
        engine.select(mapping.store, "ALTER TABLE events RESET SETTING parts_to_throw_insert")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert mapping.total("spans_stored_total") == 1
    assert mapping.post(body.SerializeToString(), PROTOBUF, PATH).status_code == 200
    assert len(engine.select(mapping.store, EVENTS)) == 2


def test_a_request_of_more_milestones_than_are_committed_at_once_loses_none(
    mapping: RunningCollector, engine: Engine
) -> None:
    spans = [
        span("POST /orders", span_id=number.to_bytes(8), attributes={"order.id": f"O-{number}"})
        for number in range(1, 12_001)
    ]

    mapping.post(otlp_request(*spans, service="erp").SerializeToString(), PROTOBUF, PATH)

    [found] = engine.select(mapping.store, "SELECT uniqExact(object_id) AS orders FROM object_milestones")
    assert found == {"orders": 12_000}


def test_a_run_under_another_name_is_kept_with_its_span_by_both_protocols(store: Store, engine: Engine) -> None:
    named = CorrelationConfig.model_validate({"correlation_id": ["correlation.id", "order.run"]})
    with (
        running_collector(store, correlation=named) as running,
        grpc.insecure_channel(running.grpc_address) as channel,
    ):
        export: Any = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        by_http, by_grpc, usual = (
            otlp_request(span(attributes=one))
            for one in ({"order.run": "q2c-7"}, {"order.run": "q2c-8"}, {"correlation.id": "q2c-9"})
        )
        running.post(by_http.SerializeToString(), PROTOBUF, PATH)
        running.post(usual.SerializeToString(), PROTOBUF, PATH)
        export(by_grpc.SerializeToString(), timeout=30)

    rows = engine.select(
        store, "SELECT CorrelationId, SpanAttributes['order.run'] AS run FROM otel_traces ORDER BY ALL"
    )
    assert [(row["CorrelationId"], row["run"]) for row in rows] == [
        ("q2c-7", "q2c-7"),
        ("q2c-8", "q2c-8"),
        ("q2c-9", ""),
    ]


def test_a_token_states_no_milestone_of_a_source_that_it_does_not_name(embedded_store: Store, engine: Engine) -> None:
    names = {"tracer": [], "crm": ["crm"], "erp": ["erp"]}
    tokens = {
        name: issue_token(embedded_store, FixedClock(NOW), name, scopes=["traces"], sources=sources)
        for name, sources in names.items()
    }
    with (
        running_collector(embedded_store, correlation=MAPPING) as running,
        grpc.insecure_channel(running.grpc_address) as channel,
    ):
        export: Any = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        for number, name in enumerate(["crm", "tracer"]):
            body = posted(**{"order.id": f"refused-{number}"}).SerializeToString()
            bearing = f"Bearer {tokens[name]}"
            assert running.post(body, PROTOBUF, PATH, authorization=bearing).status_code == 200
            export(body, metadata=(("authorization", bearing),), timeout=30)

        running.post(posted().SerializeToString(), PROTOBUF, PATH, authorization=f"Bearer {tokens['erp']}")

        assert [row["object_id"] for row in engine.select(embedded_store, MILESTONES)] == ["O-1"]
        assert {letter["code"] for letter in running.letters()} == {"source_not_allowed"}
        assert {letter["reason"] for letter in running.letters()} == {
            f"the token {name} may not send events of the source 'erp'" for name in ("crm", "tracer")
        }
        assert (running.total("spans_stored_total"), running.total("spans_duplicate_total")) == (3, 2)
