"""Reads OTLP/JSON, whose ids are hexadecimal, unlike the base64 that protobuf's own JSON mapping has for bytes."""

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message

from domain.errors import InputError

Request = TypeVar("Request", bound=Message)
_ID_FIELDS = {"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"}
_decoder = msgspec.json.Decoder()


def read_json(body: bytes, request: Request, rewrite: Callable[[Any], None]) -> Request:
    """The request as a JSON body says it; InputError where the body is not one.

    `rewrite` is given the decoded document, to call `rewrite_ids` on whatever holds ids.
    """
    try:
        document = _decoder.decode(body)
        if not isinstance(document, dict):
            raise TypeError("it is no JSON object")
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
