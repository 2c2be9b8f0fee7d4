"""Reads events of the canonical shape quickly: what most senders send, checked by the compiled decoder.

Whatever does not fit, for a good reason or a bad one, is left to the careful reader beside, which tells exactly why:
so nothing is refused here, and nothing taken that the careful reader would not take in the same way. A batch is
decoded in two calls and checked column by column, one expression over all its times or amounts: 4.3 µs an event in
batches of 500, where an event at a time takes 9.6 and the careful reader 12.6.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from collector.event_content import LONGEST_ID, event_micros, trace_context
from collector.nesting import are_any_too_deep
from domain.errors import InputError
from domain.money import is_currency
from storage.events import EventRow

# What one question to a ClickHouse server can hold whatever the characters: 60,000 bytes, escaped 120,000.
LONGEST_IDENTITY = 15_000
_DELETE = b"\x7f"
URI_REFERENCE = re.compile(r"[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
# Whole columns: a value, or none, and the end of its line.
_TIMES = re.compile(rf"(?:{RFC3339.pattern}\n)*")
_AMOUNTS = re.compile(r'(?:(?:"?[0-9]{1,20}(?:\.[0-9]{1,9})?"?|null)\n)*')
_HEX, _TRACEPARENT_LENGTH, _DASHES = b"0123456789abcdef", 55, (2, 35, 52)
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
_NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


class _Object(msgspec.Struct, gc=False):
    type: _Id
    id: _Id
    qualifier: str = ""


class _Data(msgspec.Struct, gc=False):
    objects: Sequence[_Object]
    amount: msgspec.Raw = msgspec.Raw(b"null")
    currency: str = ""
    legal_entity: str = ""
    region: str = ""
    attributes: dict[str, str] = {}


class _Content(msgspec.Struct, gc=False):
    data: _Data


class _FlatObject(_Object, forbid_unknown_fields=True):
    """Nothing but what is known of an object."""


class _FlatData(_Data, forbid_unknown_fields=True):
    """Nothing but canonical words, none of which is nested deeply."""

    objects: Sequence[_FlatObject]


class _FlatContent(_Content):
    data: _FlatData


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    specversion: Literal["1.0"]
    id: _NonEmpty
    source: str
    type: _NonEmpty
    time: str
    data: msgspec.Raw
    # Optional, but never empty: the default is not checked.
    subject: _NonEmpty = ""
    dataschema: _NonEmpty = ""
    datacontenttype: Literal["application/json"] | None = None
    correlationid: str = ""
    causationid: str = ""
    traceparent: str = ""


# Sources are few and come again.
_is_source = lru_cache(maxsize=4096)(lambda text: URI_REFERENCE.fullmatch(text) is not None)
_envelopes_decoder = msgspec.json.Decoder(list[_Envelope])
_contents_decoder = msgspec.json.Decoder(list[_Content])
_flat_contents_decoder = msgspec.json.Decoder(list[_FlatContent])


def read_canonical(body: bytes, longest: int) -> list[EventRow] | None:
    """The checked rows of a JSON array of events in the canonical shape; None where the careful reader has to look.

    `longest` is how many bytes the longest event has.
    """
    try:
        envelopes = _envelopes_decoder.decode(body)
        contents, may_be_deep = _read_contents(body)
        instants = [datetime.fromisoformat(event.time) for event in envelopes]
        micros = [event_micros(instant) for instant in instants]
        texts = [str(event.data, "utf-8") for event in envelopes]
        amounts = b"\n".join([*(content.data.amount for content in contents), b""]).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, InputError):
        return None
    if not (_are_envelopes(envelopes, body, longest) and _AMOUNTS.fullmatch(amounts) and _are_currencies(contents)):
        return None
    if may_be_deep and are_any_too_deep(texts):
        return None
    return [
        EventRow(
            event.source, event.id, event.type, occurred_us, 0, event.correlationid, event.causationid,
            trace_id, span_id, event.subject, _objects(content.data.objects),
            None if amount == "null" else amount.strip('"'), content.data.currency, content.data.legal_entity,
            content.data.region, content.data.attributes, event.datacontenttype or "", event.dataschema,
            {}, text, False,
        )
        for event, content, occurred_us, (trace_id, span_id), amount, text in zip(
            envelopes, contents, micros, _trace_contexts(envelopes), amounts.splitlines(), texts, strict=True
        )
    ]  # fmt: skip


def _read_contents(body: bytes) -> tuple[Sequence[_Content], bool]:
    """What the events say of objects, and whether what they say besides may be nested deeply."""
    try:
        return _flat_contents_decoder.decode(body), False
    except msgspec.ValidationError:
        return _contents_decoder.decode(body), True


def _are_envelopes(events: Sequence[_Envelope], body: bytes, longest: int) -> bool:
    sources = {event.source for event in events}
    if not (all(map(_is_source, sources)) and _TIMES.fullmatch(_column([event.time for event in events]))):
        return False
    if longest <= LONGEST_IDENTITY and body.isascii() and b"\\" not in body and _DELETE not in body:
        # JSON has no other control characters in its texts.
        return True
    attributes = [
        event.id + event.type + event.subject + event.correlationid + event.causationid + event.dataschema
        for event in events
    ]
    return (
        "".join(sources).isprintable()
        and "".join(attributes).isprintable()
        and "".join([event.traceparent for event in events]).isprintable()
        # What is longer only together may still fit: the careful reader knows.
        and max(map(len, attributes), default=0) + max(map(len, sources), default=0) <= LONGEST_IDENTITY
    )


def _are_currencies(contents: Sequence[_Content]) -> bool:
    return all(map(is_currency, {content.data.currency for content in contents} - {""}))


def _trace_contexts(events: Sequence[_Envelope]) -> list[tuple[str, str]]:
    parents = [event.traceparent for event in events]
    if _are_all_whole(parents):
        return [(parent[3:35], parent[36:52]) for parent in parents]
    return [trace_context(parent) for parent in parents]


def _are_all_whole(parents: Sequence[str]) -> bool:
    """Whether all are traceparents of the usual length; ids of zeros are rare, and told apart more slowly."""
    if set(map(len, parents)) != {_TRACEPARENT_LENGTH}:
        return False
    joined = "".join(parents)
    dashes = {joined[place::_TRACEPARENT_LENGTH].strip("-") for place in _DASHES}
    digits = joined.encode().translate(None, _HEX)
    return dashes == {""} and len(digits) == len(_DASHES) * len(parents) and "-0000000000000000" not in joined


def _objects(entries: Sequence[_Object]) -> list[tuple[str, str, str]]:
    objects = [(entry.type, entry.id, entry.qualifier) for entry in entries]
    return list(dict.fromkeys(objects)) if len(objects) > 1 else objects


def _column(texts: Sequence[str]) -> str:
    return "\n".join(texts) + "\n" if texts else ""
