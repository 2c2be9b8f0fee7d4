"""Reads OTLP/JSON, whose ids are hexadecimal, unlike the base64 that protobuf's own JSON mapping has for bytes."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message

from domain.errors import InputError

Request = TypeVar("Request", bound=Message)
_ID_FIELDS = {"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"}
# Escapes of JSON texts from left to right, so that what follows a backslash that is itself escaped is none.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_decoder = msgspec.json.Decoder()


def read_json(body: bytes, request: Request, rewrite: Callable[[Any], None]) -> Request:
    """The request as a JSON body says it; InputError where the body is not one.

    `rewrite` is given the decoded document, to call `rewrite_ids` on whatever holds ids.
    """
    try:
        document = _decode(body)
        if not isinstance(document, dict):
            raise TypeError("it is no JSON object")
        if b"null" in body:
            _fill_nulls(document)
        rewrite(document)
        json_format.ParseDict(document, request, ignore_unknown_fields=True)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError("invalid_json", f"the body is not JSON: {error}") from None
    except RecursionError:
        raise InputError("invalid_json", "the body is nested too deeply") from None
    except (json_format.ParseError, ValueError, TypeError, AttributeError) as error:
        message = f"the body is not an OTLP {request.DESCRIPTOR.name}: {str(error)[:300]}"
        raise InputError("invalid_otlp", message) from None
    return request


def _decode(body: bytes) -> Any:
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:
        # JavaScript's SDK cuts long texts between the halves of a character, and writes the half that is left.
        mended = _ESCAPE.sub(_whole, body)
        if mended == body:
            raise
        return _decoder.decode(mended)


def _whole(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape.lastgroup == "half" else escape.group()


def _fill_nulls(value: Any) -> None:
    """Makes a null in a list what it is to the OpenTelemetry Collector, an entry without content, in place."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            current[:] = [{} if entry is None else entry for entry in current]
        waiting += current.values() if isinstance(current, dict) else current if isinstance(current, list) else ()


def entries(parent: Any, *names: str) -> list[Any]:
    """The list that stands in a document under the first of these names; an empty one where there is none."""
    if isinstance(parent, dict):
        for name in names:
            if isinstance(parent.get(name), list):
                return list(parent[name])
    return []


def rewrite_ids(item: Any) -> None:
    """Makes the ids of a span, link or log record base64, in place; what is no id becomes one of no length."""
    if not isinstance(item, dict):
        return
    for name in _ID_FIELDS & item.keys():
        value = item[name]
        if isinstance(value, str) and value:
            try:
                item[name] = base64.b64encode(binascii.unhexlify(value)).decode("ascii")
            except (binascii.Error, ValueError):
                # The span is refused in a partial success, the log record tied to no trace; the request is fine.
                item[name] = ""
