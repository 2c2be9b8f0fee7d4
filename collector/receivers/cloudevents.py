"""CloudEvents 1.0 over HTTP: structured, batch and binary mode, to the specification's letter.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and its JSON format and HTTP binding.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from collector.event_content import event_micros, read_content, trace_context
from collector.nesting import REASON, is_too_deep
from collector.receivers.canonical_events import LONGEST_IDENTITY, RFC3339, URI_REFERENCE, read_canonical
from collector.receivers.json_items import split_array
from domain.errors import InputError
from storage.contract_flags import ContractFlag
from storage.events import EventRow

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ACCEPTED = f"{STRUCTURED}, {BATCH}, or binary mode (ce- headers)"
MOST_IN_BATCH = 50_000
_NAME = re.compile(r"[a-z0-9]+")
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\s*;.*)?", re.DOTALL)
_JSON_MEDIA_TYPE = re.compile(r"[^;]*/(?:json|[^;]*\+json)\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)
# What the specification's type system forbids in a String; `isprintable` is a quick "none of them".
_DISALLOWED = re.compile(
    "[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)
_INTEGERS = range(-(2**31), 2**31)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_LONE_SURROGATE = re.compile(rb"\\u[dD][89abAB]\w\w(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]\w\w)\\u[dD][c-fC-F]")
_KNOWN = ("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema")
_MILEPOST = ("correlationid", "causationid", "traceparent")


class Candidate(msgspec.Struct, gc=False):
    """One event that passed the checks that need no store; `raw` is what a dead letter would keep, yet uncopied."""

    index: int
    event: EventRow
    time_given: bool
    raw: bytes | msgspec.Raw


@dataclass(slots=True)
class Rejection:
    """One event that cannot be taken, with its reason; its dead letter may have an id that others give it as well."""

    index: int
    event_id: str | None
    source: str
    code: str
    reason: str
    raw: bytes
    type: str = ""
    letter_id: str = ""


@dataclass(slots=True)
class Received:
    """What one request brought; in binary mode the raw bytes of an event are its data alone."""

    candidates: list[Candidate] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    is_batch: bool = False
    is_binary: bool = False
    # By the index of their event.
    flags: list[tuple[int, ContractFlag]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many events the request held, taken or not."""
        return len(self.candidates) + len(self.rejections)


_batch_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)
_attributes_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_json_decoder = msgspec.json.Decoder()


def read_request(content_type: str, headers: Iterable[tuple[bytes, bytes]], body: bytes, now: datetime) -> Received:
    """The events of one request; InputError where the request as a whole is not CloudEvents.

    `content_type` is the header's value, `headers` the raw header list (names in lower case). Structured and batch
    mode beat stray ce- headers, as the HTTP binding says.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == BATCH:
        return _read_batch(body, now)
    if media_type == STRUCTURED:
        return _read_structured(body, now)
    if media_type.startswith("application/cloudevents"):
        raise InputError("unsupported_media_type", f"content type {media_type!r} is not taken; send {ACCEPTED}")
    attributes = {name[3:].decode("latin-1"): value for name, value in headers if name.startswith(b"ce-")}
    if attributes:
        return _read_binary(content_type, attributes, body, now)
    if media_type in ("application/json", ""):
        return _read_batch(body, now) if body.lstrip()[:1] == b"[" else _read_structured(body, now)
    raise InputError("not_cloudevents", f"content type {media_type!r} without ce- headers; send {ACCEPTED}")


def _read_batch(body: bytes, now: datetime) -> Received:
    items: Sequence[bytes | msgspec.Raw]
    try:
        items = _batch_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        try:
            items = split_array(body)
        except RecursionError:
            raise InputError("nested_too_deeply", f"the body is {REASON}") from None
        except ValueError:
            raise InputError("invalid_json", f"the body is not a JSON array of events: {_brief(error)}") from None
    if len(items) > MOST_IN_BATCH:
        raise InputError("too_many_events", f"the batch holds {len(items)} events; send at most {MOST_IN_BATCH}")
    received = Received(is_batch=True)
    if rows := read_canonical(body, max(map(len, items), default=0)):
        received.candidates = [
            Candidate(index, row, True, item) for index, (row, item) in enumerate(zip(rows, items, strict=True))
        ]
    else:
        for index, item in enumerate(items):
            _read_one(received, index, bytes(item), now)
    return received


def _read_structured(body: bytes, now: datetime) -> Received:
    received = Received()
    try:
        whole = bytes(_raw_decoder.decode(body))
    except RecursionError:
        raise InputError("nested_too_deeply", f"the body is {REASON}") from None
    except msgspec.DecodeError as error:
        raise InputError("invalid_json", f"the body is not JSON: {_brief(error, body)}") from None
    if not whole.startswith(b"{"):
        raise InputError("not_cloudevents", "the body is not a JSON object with the attributes of an event")
    _read_one(received, 0, body, now)
    return received


def read_event(index: int, raw: bytes, now: datetime) -> Candidate | Rejection:
    """One event in JSON, checked: quickly where it has the canonical shape, else carefully."""
    rows = None if is_too_deep(raw) else read_canonical(b"[" + raw + b"]", len(raw))
    return Candidate(index, rows[0], True, raw) if rows else read_carefully(index, raw, now)


def _read_one(received: Received, index: int, raw: bytes, now: datetime) -> None:
    read = read_event(index, raw, now)
    if isinstance(read, Candidate):
        received.candidates.append(read)
    else:
        received.rejections.append(read)


def read_carefully(index: int, raw: bytes, now: datetime) -> Candidate | Rejection:
    """Reads an event of any shape: with extensions, other data, or something wrong, which it tells."""
    event_id: str | None = None
    source = type_ = ""
    try:
        try:
            fields = _attributes_decoder.decode(raw)
            event_id, source = _text(fields.get("id")), _text(fields.get("source")) or ""
            type_ = _text(fields.get("type")) or ""
            attributes = {
                name: _simple_value(name, bytes(value))
                for name, value in fields.items()
                if name not in ("data", "data_base64")
            }
        except RecursionError:
            raise InputError("nested_too_deeply", f"the event is {REASON}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                "not_cloudevents", f"not a JSON object with the attributes of an event: {_brief(error, raw)}"
            ) from None
        if is_too_deep(raw):
            raise InputError("nested_too_deeply", f"the event is {REASON}")
        given = {name: value for name, value in attributes.items() if value is not None}
        try:
            data, is_base64 = _json_data(fields, given.get("datacontenttype"))
            event, time_given = _build(given, data, is_base64, now)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError("invalid_data", f"data is not JSON in UTF-8: {_brief(error, raw)}") from None
        return Candidate(index, event, time_given, raw)
    except InputError as error:
        return Rejection(index, event_id, source, error.code, str(error), raw, type_)


def _read_binary(content_type: str, headers: Mapping[str, bytes], body: bytes, now: datetime) -> Received:
    """Binary mode: attributes in percent-encoded headers, the body is the data."""
    received = Received(is_binary=True)
    event_id: str | None = None
    source = type_ = ""
    try:
        attributes = {name: _header_value(name, value) for name, value in headers.items()}
        if "datacontenttype" in attributes:
            raise InputError("invalid_attribute", "ce-datacontenttype is not a header; send Content-Type")
        event_id, source, type_ = attributes.get("id"), attributes.get("source", ""), attributes.get("type", "")
        if content_type and body:
            attributes["datacontenttype"] = content_type
        data, is_base64 = _binary_data(body, content_type)
        event, time_given = _build(attributes, data, is_base64, now)
        received.candidates.append(Candidate(0, event, time_given, body))
    except InputError as error:
        received.rejections.append(Rejection(0, event_id, source, error.code, str(error), body, type_))
    return received


def _build(attributes: Mapping[str, str], data: str, is_base64: bool, now: datetime) -> tuple[EventRow, bool]:
    """The checked row of an event from its attributes as text, and whether it gave its own time."""
    _check_required(attributes)
    for name, value in attributes.items():
        if not _NAME.fullmatch(name) or name == "data":
            raise InputError(
                "invalid_attribute",
                f'attribute name {name[:40]!r}; names are lower-case letters and digits, not "data"',
            )
        if not value.isprintable() and (found := _DISALLOWED.search(value)):
            raise InputError("invalid_attribute", f"{name} holds U+{ord(found.group()):04X}, which no attribute may")
    for name in ("subject", "dataschema"):
        if attributes.get(name) == "":
            raise InputError("invalid_attribute", f"{name} is empty; leave it out or give it a value")
    media_type = attributes.get("datacontenttype", "")
    if "datacontenttype" in attributes and not _MEDIA_TYPE.fullmatch(media_type):
        raise InputError(
            "invalid_attribute",
            f"datacontenttype {media_type[:80]!r} is not a media type such as application/json",
        )
    subject = attributes.get("subject", "")
    is_json = not is_base64 and is_json_type(media_type)
    content = read_content(data.encode() if is_json else b"", subject)
    time = attributes.get("time")
    trace_id, span_id = trace_context(attributes.get("traceparent", ""))
    extensions = {name: value for name, value in attributes.items() if name not in _KNOWN and name not in _MILEPOST}
    event = EventRow(
        attributes["source"], attributes["id"], attributes["type"],
        event_micros(_parse_time(time) if time is not None else now), 0,
        attributes.get("correlationid", ""), attributes.get("causationid", ""), trace_id, span_id, subject,
        content.objects, content.amount, content.currency, content.legal_entity, content.region, content.attributes,
        media_type, attributes.get("dataschema", ""), extensions, data, is_base64,
    )  # fmt: skip
    return event, time is not None


def _check_required(attributes: Mapping[str, str]) -> None:
    version = attributes.get("specversion")
    if version != "1.0":
        raise InputError("invalid_specversion", f'specversion is {version!r}; "1.0" is taken')
    for name in ("id", "source", "type"):
        if not attributes.get(name):
            raise InputError(f"missing_{name}", f"{name} is missing; every event needs a non-empty {name}")
    if len(attributes["source"]) + len(attributes["id"]) > LONGEST_IDENTITY:
        raise InputError(
            "invalid_attribute", f"source and id are longer than {LONGEST_IDENTITY} characters together; shorten them"
        )
    if not URI_REFERENCE.fullmatch(attributes["source"]):
        raise InputError("invalid_source", f"source {attributes['source'][:80]!r} is not a URI reference")


def _parse_time(text: str) -> datetime:
    if not RFC3339.fullmatch(text):
        raise InputError("invalid_time", f"time {text[:80]!r} is not RFC 3339, such as 2026-11-02T09:30:00Z")
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise InputError(
            "invalid_time", f"time {text[:80]!r} names no instant; give one such as 2026-11-02T09:30:00Z"
        ) from None


def is_json_type(media_type: str) -> bool:
    return not media_type or _JSON_MEDIA_TYPE.fullmatch(media_type) is not None


def _simple_value(name: str, raw: bytes) -> str | None:
    """An attribute's value as text: JSON strings, booleans and integers are the types there are."""
    if raw == b"null":
        return None
    value: Any = _json_decoder.decode(raw)
    if isinstance(value, str):
        return value
    if name in _KNOWN or name in _MILEPOST:
        raise InputError("invalid_attribute", f"{name} is {raw[:40].decode(errors='replace')}; give a string")
    if isinstance(value, bool) or (isinstance(value, int) and value in _INTEGERS):
        return raw.decode()
    raise InputError("invalid_attribute", f"extension {name!r} is not a string, a boolean or a 32-bit integer")


def _text(raw: msgspec.Raw | None) -> str | None:
    value = _json_decoder.decode(raw) if raw else None
    return value if isinstance(value, str) else None


def _header_value(name: str, value: bytes) -> str:
    """An attribute's value from its header: unquoted, then percent-decoded once."""
    if quoted := _QUOTED.fullmatch(value):
        value = re.sub(rb"\\(.)", rb"\1", quoted.group(1), flags=re.DOTALL)
    try:
        return unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("invalid_header", f"header ce-{name} is not percent-encoded UTF-8") from None


def _json_data(fields: Mapping[str, msgspec.Raw], media_type: str | None) -> tuple[str, bool]:
    """The data of a JSON event as text, and whether that text is base64."""
    data, encoded = fields.get("data"), fields.get("data_base64")
    if encoded is not None and bytes(encoded) != b"null":
        if data is not None and bytes(data) != b"null":
            raise InputError("invalid_data", "data and data_base64 are both there; give one")
        text = _json_decoder.decode(encoded)
        try:
            base64.b64decode(text if isinstance(text, str) else "*", validate=True)
        except (binascii.Error, ValueError):
            raise InputError("invalid_data", "data_base64 is not base64 text") from None
        return text, True
    if data is None or bytes(data) == b"null":
        return "", False
    if not is_json_type(media_type or "") and bytes(data)[:1] == b'"':
        return _json_decoder.decode(data), False
    return bytes(data).decode(), False


def _binary_data(body: bytes, content_type: str) -> tuple[str, bool]:
    """The data of a binary event as text where it is text, else in base64."""
    if not body:
        return "", False
    if is_json_type(content_type):
        try:
            _raw_decoder.decode(body)
            if is_too_deep(body):
                raise RecursionError
            return body.decode("utf-8"), False
        except RecursionError:
            raise InputError("nested_too_deeply", f"the data is {REASON}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if content_type:
                raise InputError(
                    "invalid_json", f"the data is not JSON though its type says so: {_brief(error, body)}"
                ) from None
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def _brief(error: Exception, raw: bytes = b"") -> str:
    if _LONE_SURROGATE.search(raw):
        # The decoder calls it a truncated input.
        return "half of a surrogate pair, such as \\ud800 alone"
    return str(error)[:200]
