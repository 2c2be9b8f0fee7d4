"""Which spans become events, and what those say."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client import CollectorRegistry

from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import BATCH, read_request
from collector.span_mapping import SpanMapper
from collector.span_mapping_config import CorrelationConfig
from tests.builders import NOW, AttributeValue, otlp_request, span

POSTED = {
    "mapping": "erp_order_posted",
    "service": "erp",
    "span": "POST /orders*",
    "event": "order.posted",
    "objects": [{"type": "order", "id": "order.id"}],
}
ORDER = {"order.id": "O-1", "correlation.id": "q2c-1"}
POST = span("POST /orders", attributes=ORDER)


def mapper(*mappings: Mapping[str, Any], registry: CollectorRegistry | None = None) -> SpanMapper:
    config = CorrelationConfig.model_validate(
        {"correlation_id": ["correlation.id", "run"], "span_mappings": list(mappings)}
    )
    return SpanMapper(config, CollectorMetrics(registry or CollectorRegistry()))


def mapped(
    sent: Span, service: str = "erp", resource: Mapping[str, AttributeValue] | None = None, **changes: Any
) -> list[dict[str, Any]]:
    """The events of one span under the usual mapping, with changes to it."""
    body = otlp_request(sent, service=service, resource=resource).SerializeToString()
    return [msgspec.json.decode(event) for event in mapper({**POSTED, **changes}).events(body)]


def test_a_span_that_fits_becomes_an_event_at_its_end() -> None:
    sent = span("POST /orders/1", duration=timedelta(milliseconds=250), attributes=ORDER)

    assert mapped(sent) == [
        {
            "specversion": "1.0",
            "id": "000102030405060708090a0b0c0d0e0f-0001020304050607-erp_order_posted",
            "source": "erp",
            "type": "order.posted",
            "time": (NOW + timedelta(milliseconds=250)).isoformat().replace("+00:00", "Z"),
            "correlationid": "q2c-1",
            "traceparent": "00-000102030405060708090a0b0c0d0e0f-0001020304050607-01",
            "data": {"objects": [{"type": "order", "id": "O-1", "qualifier": ""}], "attributes": {}},
        }
    ]


@pytest.mark.parametrize(
    ("sent", "service", "changes"),
    [
        pytest.param(POST, "crm", {}, id="another service"),
        pytest.param(span("post /orders", attributes=ORDER), "erp", {}, id="another name"),
        pytest.param(span("x POST /orders", attributes=ORDER), "erp", {}, id="a name with more in front"),
        pytest.param(POST, "erp", {"span": "POST /order"}, id="a longer name"),
        pytest.param(POST, "erp", {"span": "POST ?orders"}, id="no wildcard but *"),
        pytest.param(span("POST /orders", attributes=ORDER, error="no"), "erp", {}, id="an error"),
        pytest.param(POST, "erp", {"status": "error"}, id="no error where one is asked"),
        pytest.param(POST, "erp", {"attributes": {"code": 201}}, id="an attribute lacks"),
        pytest.param(POST, "erp", {"attributes": {"order.id": "O-2"}}, id="an attribute differs"),
        pytest.param(span("POST /orders"), "erp", {}, id="it names no object"),
        pytest.param(span("POST /orders", attributes={"order.id": ""}), "erp", {}, id="its object has an empty id"),
    ],
)
def test_a_span_that_does_not_fit_becomes_no_event(sent: Span, service: str, changes: dict[str, Any]) -> None:
    assert mapped(sent, service, **changes) == []


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({"code": 201}, {"code": 201}),
        ({"code": 201}, {"code": [200, 201]}),
        ({"code": "201"}, {"code": 201}),
        ({"ok": True}, {"ok": True}),
        ({"share": 0.5}, {"share": "0.5"}),
        ({"a": "x", "b": "y"}, {"a": "x", "b": ["y", "z"]}),
    ],
)
def test_conditions_compare_attributes_as_text(attributes: dict[str, AttributeValue], wanted: dict[str, Any]) -> None:
    assert len(mapped(span("POST /orders", attributes={**ORDER, **attributes}), attributes=wanted)) == 1


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        ("POST /orders/7/lines", True),
        ("POST *", True),
        ("*lines", True),
        ("POST*/*/*s", True),
        ("P*O*S*T*", True),
        ("*7*7*", False),
        ("*lines/*", False),
        ("POST /orders/./lines", False),
    ],
)
def test_a_star_in_a_name_stands_for_any_text(pattern: str, fits: bool) -> None:
    assert len(mapped(span("POST /orders/7/lines", attributes=ORDER), span=pattern)) == fits


def test_many_stars_cost_no_more_than_one_pass_over_a_name() -> None:
    sent = span("a" * 1_000_000, attributes=ORDER)

    assert mapped(sent, span="*a*a*a*a*a*b") == []


@pytest.mark.parametrize("status", ["error", ["ok", "error"]])
def test_an_error_may_be_a_milestone(status: Any) -> None:
    assert len(mapped(span("POST /orders", attributes=ORDER, error="no"), status=status)) == 1


def test_a_status_of_a_later_version_counts_as_unset() -> None:
    sent = span("POST /orders", attributes=ORDER)
    sent.status.code = 7  # type: ignore[assignment]

    assert len(mapped(sent)) == 1


@pytest.mark.parametrize(
    ("value", "text"), [("12500.00", "12500.00"), (12500, "12500"), (0.1, "0.1"), (1e21, "1000000000000000000000")]
)
def test_an_amount_is_read_in_plain_digits(value: AttributeValue, text: str) -> None:
    sent = span("POST /orders", attributes={**ORDER, "total": value, "money": "EUR"})
    [event] = mapped(sent, amount={"attribute": "total", "currency_attribute": "money"})
    [fixed] = mapped(sent, amount={"attribute": "total", "currency": "USD"})

    assert (event["data"]["amount"], event["data"]["currency"]) == (text, "EUR")
    assert (fixed["data"]["amount"], fixed["data"]["currency"]) == (text, "USD")


def test_an_amount_that_the_span_does_not_state_stays_unknown() -> None:
    [event] = mapped(span("POST /orders", attributes=ORDER), amount={"attribute": "total", "currency": "USD"})

    assert "amount" not in event["data"]


def test_facts_come_from_the_resource_where_the_span_has_none() -> None:
    [event] = mapped(
        span("POST /orders", attributes={"order.id": "O-1", "tier": "gold"}),
        resource={"run": "q2c-7", "entity": "DE01", "tier": "none"},
        legal_entity="entity",
        region="region",
        copy=["tier", "absent"],
    )

    assert event["correlationid"] == "q2c-7"
    assert (event["data"]["legal_entity"], event["data"]["region"]) == ("DE01", "")
    assert event["data"]["attributes"] == {"tier": "gold"}


def test_a_span_may_name_several_objects_and_be_several_events() -> None:
    objects = [{"type": "invoice", "id": "invoice.id"}, {"type": "order", "id": "order.id", "qualifier": "of"}]
    body = otlp_request(
        span("POST /orders", attributes={"order.id": "O-1", "invoice.id": 17}), service="erp"
    ).SerializeToString()

    both = mapper({**POSTED, "objects": objects}, {**POSTED, "mapping": "erp_heard", "event": "erp.heard"})
    events = [msgspec.json.decode(event) for event in both.events(body)]

    assert [event["type"] for event in events] == ["order.posted", "erp.heard"]
    assert len({event["id"] for event in events}) == 2
    assert events[0]["data"]["objects"] == [
        {"type": "invoice", "id": "17", "qualifier": ""},
        {"type": "order", "id": "O-1", "qualifier": "of"},
    ]


def test_what_comes_of_mapped_spans_is_counted() -> None:
    registry = CollectorRegistry()
    body = otlp_request(
        span("POST /orders", attributes=ORDER), span("POST /orders"), span("GET /orders"), service="erp"
    ).SerializeToString()

    list(mapper(POSTED, registry=registry).events(body))

    counts = [
        registry.get_sample_value("milepost_mapped_spans_total", {"mapping": "erp_order_posted", "outcome": outcome})
        for outcome in ("event", "names_no_object")
    ]
    assert counts == [1, 1]


def test_bodies_without_a_mapped_service_are_not_looked_into() -> None:
    body = otlp_request(span("POST /orders", attributes=ORDER), service="crm").SerializeToString()

    assert not mapper(POSTED).may_map(body)
    assert not mapper().may_map(body)
    assert mapper({**POSTED, "service": ["erp", "crm"]}).may_map(body)


NAMES = st.text(max_size=20)
VALUES = st.text(max_size=8) | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.booleans() | st.binary(max_size=3)


@given(
    NAMES,
    st.dictionaries(st.sampled_from(["order.id", "correlation.id", "total", "money", "tier"]), VALUES),
    st.integers(0, 2**64 - 1),
)
def test_whatever_a_span_says_its_event_is_checked_as_any_other(
    name: str, attributes: dict[str, Any], end: int
) -> None:
    sent = span(name, attributes=attributes)
    sent.end_time_unix_nano = end
    amount = {"attribute": "total", "currency_attribute": "money"}
    events = mapper({**POSTED, "span": "*", "amount": amount, "copy": ["tier"]}).events(
        otlp_request(sent, service="erp").SerializeToString()
    )

    received = read_request(BATCH, [], b"[" + b",".join(events) + b"]", NOW)

    assert received.count == len(events)
    for candidate in received.candidates:
        assert candidate.event.source == "erp"
        assert candidate.event.trace_id == sent.trace_id.hex()
        assert candidate.time_given
