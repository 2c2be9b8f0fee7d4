"""Reads what a CloudEvent says of business objects, and gives the row the store takes.

Only here is the canonical payload (objects, amount, currency, …) known. An event in another shape is taken as it
is; one that uses the canonical words wrongly is refused, because a figure read from it would be wrong.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from domain.errors import InputError
from domain.instants import EARLIEST, EPOCH, LATEST
from domain.money import is_currency, parse_amount
from storage.events import EventRow

LONGEST_ID = 1024
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_PLAIN_AMOUNT = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?")


class ObjectEntry(msgspec.Struct):
    """One entry of `data.objects`."""

    type: str
    id: str
    qualifier: str | None = None


class CanonicalData(msgspec.Struct):
    """The part of `data` that Milepost understands; a number stays text so that no digit is lost."""

    objects: list[ObjectEntry] | None = None
    amount: msgspec.Raw = msgspec.Raw(b"null")
    currency: str | None = None
    legal_entity: str | None = None
    region: str | None = None
    attributes: dict[str, msgspec.Raw] | None = None


class Content(msgspec.Struct):
    """What an event says, read from its data and its subject."""

    objects: list[tuple[str, str, str]]
    amount: str | None = None
    currency: str = ""
    legal_entity: str = ""
    region: str = ""
    attributes: dict[str, str] = {}


_data_decoder = msgspec.json.Decoder(CanonicalData)
_any_decoder = msgspec.json.Decoder()
# Amounts that differ beyond a float's digits differ.
_exact_decoder = msgspec.json.Decoder(float_hook=Decimal)
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_content(data: bytes, subject: str) -> Content:
    """The content of an event whose data is JSON text (or empty); InputError where canonical words are misused."""
    canonical = None
    data = data.lstrip()
    if data[:1] == b"{":
        try:
            canonical = _data_decoder.decode(data)
        except msgspec.ValidationError as error:
            canonical = _read_foreign(data, error)
        except msgspec.DecodeError:
            # Binary mode without a content type: what looks like JSON need not be.
            canonical = None
    if canonical is None:
        return Content(_objects_from_subject(subject))
    objects = _read_objects(canonical.objects) if canonical.objects is not None else _objects_from_subject(subject)
    # Other systems use these words in other ways: only beside `objects` are they ours to judge.
    is_canonical = canonical.objects is not None
    content = Content(objects)
    content.amount = _read_amount(bytes(canonical.amount), is_canonical=is_canonical)
    if canonical.currency:
        if is_currency(canonical.currency):
            content.currency = canonical.currency
        elif is_canonical:
            raise InputError(
                "invalid_currency",
                f"data.currency {canonical.currency[:20]!r} is not a currency; give an ISO 4217 code such as EUR",
            )
    content.legal_entity = canonical.legal_entity or ""
    content.region = canonical.region or ""
    if canonical.attributes:
        content.attributes = _read_attributes(canonical.attributes)
    return content


def trace_context(traceparent: str) -> tuple[str, str]:
    """Trace id and span id of a W3C traceparent; empty where it is not one, as the recommendation asks.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or match.group(1) == "0" * 32 or match.group(2) == "0" * 16:
        return "", ""
    return match.group(1), match.group(2)


def event_micros(instant: datetime) -> int:
    """Business time in microseconds since 1970; InputError where it has no zone or the store cannot keep it."""
    if instant.tzinfo is None:
        raise InputError("invalid_time", "time has no zone; give RFC 3339 such as 2026-11-02T09:30:00Z")
    try:
        since = instant - EPOCH
    except OverflowError:
        since = None
    if since is None or not EARLIEST <= instant <= LATEST:
        raise InputError(
            "time_out_of_range",
            f"time {instant.isoformat()} cannot be kept; give an instant from 1900 to 2299",
        )
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def same_content(event: EventRow, known: dict[str, Any], *, time_given: bool) -> bool:
    """Whether an event says what the known one of its identity said: white space and key order in JSON aside.

    Trace context is left out: a sender that tries again may well do so under another span.
    """
    for name in (
        "type",
        "correlation_id",
        "causation_id",
        "subject",
        "dataschema",
        "extensions",
        "data_base64",
    ):
        if getattr(event, name) != known[name]:
            return False
    media_type = _media_type(event.datacontenttype)
    if media_type != _media_type(known["datacontenttype"]):
        return False
    if time_given and event.occurred_us != known["occurred_us"]:
        return False
    if event.data == known["data"]:
        return True
    is_json = media_type.partition(";")[0].rstrip().endswith(("/json", "+json")) and not event.data_base64
    return is_json and _same_json(event.data, known["data"])


def _media_type(text: str) -> str:
    """A media type fit to compare: its case says nothing, nor does naming the usual charset."""
    return re.sub(r"\s*;\s*charset=\"?utf-8\"?\s*$", "", text.lower()) or "application/json"


def _same_json(left: str, right: str) -> bool:
    try:
        return _same_value(_exact_decoder.decode(left), _exact_decoder.decode(right))
    except (msgspec.DecodeError, RecursionError):
        return False


def _same_value(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same_value(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same_value, left, right))
    # Python takes True for 1; JSON does not.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _read_foreign(data: bytes, error: msgspec.ValidationError) -> CanonicalData | None:
    """None for data in another system's own shape; InputError where it claims to be canonical and is not."""
    if "objects" in _object_decoder.decode(data):
        raise InputError("invalid_data", f"data: {error}; give objects as [{{type, id}}] and texts for the rest")
    return None


def _read_objects(entries: list[ObjectEntry]) -> list[tuple[str, str, str]]:
    objects = []
    for index, entry in enumerate(entries):
        if not entry.type or not entry.id or len(entry.type) > LONGEST_ID or len(entry.id) > LONGEST_ID:
            raise InputError(
                "invalid_object",
                f"data.objects[{index}] needs a type and an id of 1 to {LONGEST_ID} characters",
            )
        objects.append((entry.type, entry.id, entry.qualifier or ""))
    if len(objects) > 1:
        return list(dict.fromkeys(objects))
    return objects


def _objects_from_subject(subject: str) -> list[tuple[str, str, str]]:
    type_, slash, id_ = subject.partition("/")
    if type_ and slash and id_ and len(subject) <= 2 * LONGEST_ID:
        return [(type_, id_, "")]
    return []


def _read_amount(raw: bytes, *, is_canonical: bool) -> str | None:
    """Exact decimal text; None where it is unknown, which in another system's data is also what is no amount."""
    text = raw.decode()
    if text == "null":
        return None
    if text[0] == '"':
        text = _any_decoder.decode(raw)
    if _PLAIN_AMOUNT.fullmatch(text):
        return text
    try:
        if raw[:1] in b"[{tf":
            raise ValueError('amount is not a number; give a decimal such as "12500.00"')
        return f"{parse_amount(text):f}"
    except ValueError as error:
        if is_canonical:
            raise InputError("invalid_amount", f"data.{error}") from None
        return None


def _read_attributes(attributes: dict[str, msgspec.Raw]) -> dict[str, str]:
    texts = {}
    for name, raw in attributes.items():
        value = bytes(raw)
        if value[:1] == b'"':
            texts[name] = _any_decoder.decode(value)
        elif value != b"null":
            texts[name] = value.decode()
    return texts
