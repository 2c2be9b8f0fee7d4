"""Turns attribute values that are arrays or maps into the JSON text the store keeps, before it sees them.

The store reads the scalar values of OTLP bodies itself. A type that also held nested ones, in each of the four
places that attributes stand in, took ClickHouse 35 ms of planning at every insert; and OTLP nests to any depth, a
type does not.
The text is that of pdata's Value.AsString:
https://github.com/open-telemetry/opentelemetry-collector/blob/main/pdata/pcommon/value.go
"""

import base64
import json
import re
from collections.abc import Iterable
from decimal import Decimal

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

# A field 2 (KeyValue.value) whose content begins with a field 5 (array_value) or 6 (kvlist_value) of type "bytes".
_MAY_BE_NESTED = re.compile(rb"\x12([\x80-\xff]{0,4}[\x00-\x7f])[\x2a\x32]([\x80-\xff]{0,4}[\x00-\x7f])")
# Between them doubles are written in plain digits, as JSON's number to text conversion in ECMAScript has it.
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-6, 1e21


def may_hold_nested(body: bytes) -> bool:
    """Whether a protobuf body may hold a nested value: never False where a serializer wrote one.

    Other bytes can look like one, such as the span id in about one span of 30,000; looking closer then is only slower.
    """
    return any(
        _length(match.group(1)) == 1 + len(match.group(2)) + _length(match.group(2))
        for match in _MAY_BE_NESTED.finditer(body)
    )


def flatten(request: ExportTraceServiceRequest) -> None:
    """Replaces every nested attribute value by its JSON text, in place."""
    for resource_spans in request.resource_spans:
        _flatten(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                _flatten(span.attributes)
                for event in span.events:
                    _flatten(event.attributes)
                for link in span.links:
                    _flatten(link.attributes)


def flatten_value(value: AnyValue) -> bool:
    """Replaces a nested value by its JSON text, in place; whether it was one."""
    if value.WhichOneof("value") not in ("array_value", "kvlist_value"):
        return False
    value.string_value = _as_json(value)
    return True


def _flatten(attributes: Iterable[KeyValue]) -> None:
    for attribute in attributes:
        if attribute.value.WhichOneof("value") in ("array_value", "kvlist_value"):
            attribute.value.string_value = _as_json(attribute.value)


def _as_json(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return json.dumps(value.string_value, ensure_ascii=False)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return _double(value.double_value)
        case "bytes_value":
            return f'"{base64.b64encode(value.bytes_value).decode("ascii")}"'
        case "array_value":
            return f"[{','.join(map(_as_json, value.array_value.values))}]"
        case "kvlist_value":
            pairs = (
                f"{json.dumps(pair.key, ensure_ascii=False)}:{_as_json(pair.value)}"
                for pair in value.kvlist_value.values
            )
            return f"{{{','.join(pairs)}}}"
    return "null"


def _double(value: float) -> str:
    text = repr(value)
    if value in (float("inf"), float("-inf")) or value != value:
        return f'"{text}"'
    if _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN or value == 0:
        return f"{Decimal(text):f}".removesuffix(".0")
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def _length(varint: bytes) -> int:
    total = 0
    for place, byte in enumerate(varint):
        total |= (byte & 0x7F) << (7 * place)
    return total
