"""Reads events of the canonical shape quickly: what most senders send, checked by the compiled decoder.

Whatever does not fit, for a good reason or a bad one, is left to the careful reader beside, which tells exactly why:
so nothing is refused here, and nothing taken that the careful reader would not take in the same way. Measured in
batches of 500: 6.5 µs an event instead of 9.1.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from collector.event_content import LONGEST_ID, event_micros, trace_context
from domain.errors import InputError
from domain.money import is_currency
from storage.events import EventRow

# What one question to a ClickHouse server can hold whatever the characters: 60,000 bytes, escaped 120,000.
LONGEST_IDENTITY = 15_000
URI_REFERENCE = re.compile(r"[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
_PLAIN_AMOUNT = re.compile(rb'"?([0-9]{1,20}(?:\.[0-9]{1,9})?)"?')
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
_NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


class _Object(msgspec.Struct, gc=False):
    type: _Id
    id: _Id
    qualifier: str = ""


class _Data(msgspec.Struct, gc=False):
    objects: list[_Object]
    amount: msgspec.Raw = msgspec.Raw(b"null")
    currency: str = ""
    legal_entity: str = ""
    region: str = ""
    attributes: dict[str, str] = {}


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    specversion: str
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


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_data_decoder = msgspec.json.Decoder(_Data)
# Sources and currencies are few and come again: a look into a small cache costs a quarter of the match.
_is_source = lru_cache(maxsize=4096)(lambda text: URI_REFERENCE.fullmatch(text) is not None)
_is_currency = lru_cache(maxsize=1024)(is_currency)


def read_canonical(raw: bytes) -> EventRow | None:
    """The checked row of an event in the canonical shape; None for one that the careful reader has to look at."""
    try:
        event = _envelope_decoder.decode(raw)
        data = _data_decoder.decode(event.data)
        text = bytes(event.data).decode()
        occurred_us = event_micros(datetime.fromisoformat(event.time))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, InputError):
        return None
    amount = _PLAIN_AMOUNT.fullmatch(bytes(data.amount))
    attributes = event.id + event.type + event.subject + event.correlationid + event.causationid + event.dataschema
    if (
        event.specversion != "1.0"
        or not _is_source(event.source)
        or not (attributes + event.source + event.traceparent).isprintable()
        or len(event.source) + len(event.id) > LONGEST_IDENTITY
        or RFC3339.fullmatch(event.time) is None
        or (amount is None and bytes(data.amount) != b"null")
        or (data.currency and not _is_currency(data.currency))
    ):
        return None
    objects = [(entry.type, entry.id, entry.qualifier) for entry in data.objects]
    if len(objects) > 1:
        objects = list(dict.fromkeys(objects))
    trace_id, span_id = trace_context(event.traceparent) if event.traceparent else ("", "")
    return EventRow(
        event.source, event.id, event.type, occurred_us, 0, event.correlationid, event.causationid, trace_id, span_id,
        event.subject, objects, amount.group(1).decode() if amount else None, data.currency, data.legal_entity,
        data.region, data.attributes, event.datacontenttype or "", event.dataschema, {}, text, False,
    )  # fmt: skip
