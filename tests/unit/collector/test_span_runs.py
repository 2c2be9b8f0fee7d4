"""A span's run is told under one name, whichever of the configured ones its sender used."""

from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.span_mapping_config import CorrelationConfig, load_correlation
from collector.span_runs import SpanRuns
from milepost.settings import SHIPPED
from tests.builders import otlp_request, span

NAMES = ("correlation.id", "baggage.correlation.id", "order.run")


def told(names: tuple[str, ...], attributes: dict[str, Any], resource: dict[str, str] | None = None) -> list[str]:
    """Every `correlation.id` of the only span, after it was noted."""
    request = otlp_request(span(attributes=attributes))
    for key, value in (resource or {}).items():
        request.resource_spans[0].resource.attributes.add(key=key).value.string_value = value
    noted = ExportTraceServiceRequest.FromString(SpanRuns(names).noted(request.SerializeToString()))
    found = noted.resource_spans[0].scope_spans[0].spans[0].attributes
    assert len(found) >= len(attributes)
    return [attribute.value.string_value for attribute in found if attribute.key == "correlation.id"]


@pytest.mark.parametrize(
    ("attributes", "resource", "expected"),
    [
        pytest.param({"baggage.correlation.id": "b"}, {}, ["b"], id="a baggage entry"),
        pytest.param({"order.run": "r"}, {}, ["r"], id="a name of one's own"),
        pytest.param({"order.run": 17}, {}, ["17"], id="a number"),
        pytest.param({"order.run": "r", "baggage.correlation.id": "b"}, {}, ["b"], id="the first of the names"),
        pytest.param({"baggage.correlation.id": "", "order.run": "r"}, {}, ["r"], id="an empty one is none"),
        pytest.param({"correlation.id": "c", "order.run": "r"}, {}, ["c"], id="the span has one"),
        pytest.param({"order.run": "r"}, {"order.run": "q"}, ["r"], id="of a span before its resource"),
        pytest.param({}, {"order.run": "q"}, ["q"], id="of its resource"),
        pytest.param({"order.run": "r"}, {"correlation.id": "c"}, [], id="the store reads the resource's"),
        pytest.param({"order.name": "r"}, {}, [], id="another attribute"),
    ],
)
def test_a_run_is_told_under_one_name(
    attributes: dict[str, Any], resource: dict[str, str], expected: list[str]
) -> None:
    assert told(NAMES, attributes, resource) == expected


def test_a_body_without_any_other_name_stays_as_it_is() -> None:
    body = otlp_request(span(attributes={"correlation.id": "c", "order.id": "O-1"})).SerializeToString()

    assert SpanRuns(NAMES).noted(body) is body
    assert SpanRuns().noted(b"no protobuf: order.run") == b"no protobuf: order.run"


def test_noting_twice_changes_nothing_more() -> None:
    runs = SpanRuns(NAMES)
    once = runs.noted(otlp_request(span(attributes={"order.run": "r"})).SerializeToString())

    assert runs.noted(once) == once


def test_baggage_counts_as_shipped_and_only_correlation_id_without_a_file() -> None:
    shipped = load_correlation(SHIPPED / "collector" / "correlation.yaml").correlation_id

    assert told(shipped, {"baggage.correlation.id": "b"}) == ["b"]
    assert told(CorrelationConfig().correlation_id, {"baggage.correlation.id": "b"}) == []
