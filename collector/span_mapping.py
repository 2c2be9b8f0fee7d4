"""Makes business events of the spans that are milestones.

A span becomes the same event however often it is sent: the event's id is made of the span's ids and the mapping's
name, its time is the span's end. Bodies in which no mapped service stands are not even parsed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.metrics import CollectorMetrics
from collector.span_mapping_config import CorrelationConfig, SpanMappingConfig
from domain.instants import EPOCH

_STATUS = {1: "ok", 2: "error"}
_json = msgspec.json.Encoder()
Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Mapping:
    config: SpanMappingConfig
    name: re.Pattern[str]


class SpanMapper:
    """The configured mappings, ready to be asked for the events in a trace request."""

    def __init__(self, config: CorrelationConfig, metrics: CollectorMetrics) -> None:
        self._metrics = metrics
        self._correlation_ids = config.correlation_id
        self._mappings: dict[str, list[_Mapping]] = {}
        for each in config.span_mappings:
            for service in each.service:
                self._mappings.setdefault(service, []).append(_Mapping(each, _pattern(each.span)))
        self._services = [service.encode() for service in self._mappings]

    def may_map(self, body: bytes) -> bool:
        """Whether a request (protobuf) may hold a span that is a milestone; quick, and never wrongly False."""
        return any(service in body for service in self._services)

    def events(self, body: bytes) -> list[bytes]:
        """The CloudEvents, as JSON, that the spans of a checked request (protobuf) become."""
        return list(self._events(body))

    def _events(self, body: bytes) -> Iterator[bytes]:
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _texts(group.resource.attributes)
            names = (each.value.string_value for each in group.resource.attributes if each.key == "service.name")
            service = next(names, "")
            for mapping in self._mappings.get(service, ()):
                for span in (span for scope_spans in group.scope_spans for span in scope_spans.spans):
                    status = _STATUS.get(span.status.code, "unset")
                    if status in mapping.config.status and mapping.name.fullmatch(span.name):
                        yield from self._event(mapping.config, service, resource, span)

    def _event(self, config: SpanMappingConfig, service: str, resource: Attributes, span: Span) -> Iterator[bytes]:
        attributes = {**resource, **_texts(span.attributes)}
        if any(attributes.get(name) not in wanted for name, wanted in config.attributes.items()):
            return
        objects = [
            {"type": each.type, "id": attributes[each.id], "qualifier": each.qualifier}
            for each in config.objects
            if attributes.get(each.id)
        ]
        if not objects:
            # The span is stored all the same; an event about nothing would be of no use to a rule.
            self._metrics.mapped_spans.labels(config.mapping, "names_no_object").inc()
            return
        self._metrics.mapped_spans.labels(config.mapping, "event").inc()
        trace_id, span_id = span.trace_id.hex(), span.span_id.hex()
        event = {
            "specversion": "1.0",
            "id": f"{trace_id}-{span_id}-{config.mapping}",
            "source": config.source or service,
            "type": config.event,
            "time": _instant(span.end_time_unix_nano or span.start_time_unix_nano),
            "traceparent": f"00-{trace_id}-{span_id}-01",
            "data": {"objects": objects, **_facts(config, attributes)},
        }
        if run := next((attributes[name] for name in self._correlation_ids if attributes.get(name)), ""):
            event["correlationid"] = run
        yield _json.encode(event)


def _pattern(name: str) -> re.Pattern[str]:
    """What matches a span's name in which * stands for any text."""
    first, *others = map(re.escape, name.split("*"))
    if not others:
        return re.compile(first)
    # Atomic, since the first place where a part stands is as good as any: a long name costs one pass.
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    return re.compile(f"{first}{middle}.*{others[-1]}", re.DOTALL)


def _facts(config: SpanMappingConfig, attributes: Attributes) -> dict[str, Any]:
    facts: dict[str, Any] = {"attributes": {name: attributes[name] for name in config.copied if name in attributes}}
    if config.amount and (amount := attributes.get(config.amount.attribute)):
        facts["amount"] = amount
        facts["currency"] = config.amount.currency or attributes.get(config.amount.currency_attribute or "", "")
    for key, name in (("legal_entity", config.legal_entity), ("region", config.region)):
        if name:
            facts[key] = attributes.get(name, "")
    return facts


def _instant(nanoseconds: int) -> str:
    return (EPOCH + timedelta(microseconds=nanoseconds // 1000)).isoformat().replace("+00:00", "Z")


def _texts(attributes: Sequence[Any]) -> dict[str, str]:
    """Attributes as text; bytes, lists and maps are no ids or conditions and left out."""
    texts = {}
    for attribute in attributes:
        if (text := _text(attribute.value)) is not None:
            texts[attribute.key] = text
    return texts


def _text(value: AnyValue) -> str | None:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return str(value.int_value)
        case "bool_value":
            return str(value.bool_value).lower()
        case "double_value":
            # In plain digits, as an amount has to be.
            return f"{Decimal(repr(value.double_value)):f}"
    return None
