"""Turns the body of a webhook into plain data: JSON with its numbers exact, XML without its dangers."""

from decimal import Decimal
from typing import Any
from xml.parsers.expat import ExpatError

import msgspec
import xmltodict

from domain.errors import InputError

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_items_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_payload(body: bytes) -> Any:
    """The body as dicts, lists, texts, numbers and null; what begins with `<` is XML, all else JSON.

    Senders are careless with content types, so the first character decides. An element of XML is a dict of its
    attributes (`@name`) and children, or its text alone; names lose their namespace's prefix.
    """
    text = body.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if not text:
        raise InputError("empty_body", "the body is empty; send the payload as JSON or XML")
    if text.startswith(b"<"):
        return _read_xml(text)
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError("invalid_json", f"the body is not JSON: {str(error)[:200]}") from None


def array_items(body: bytes) -> list[bytes]:
    """The items of a JSON array as they came; empty where the body is none."""
    try:
        return [bytes(item) for item in _items_decoder.decode(body.removeprefix(_BYTE_ORDER_MARK))]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return []


def _read_xml(text: bytes) -> Any:
    # Entities can blow a kilobyte up to gigabytes or read files: xmltodict refuses whatever declares one.
    try:
        return xmltodict.parse(text, disable_entities=True, postprocessor=_without_prefix)
    except (ExpatError, ValueError, LookupError, RecursionError) as error:
        raise InputError("invalid_xml", f"the body is not XML that is taken: {str(error)[:200]}") from None


def _without_prefix(path: Any, key: str, value: Any) -> tuple[str, Any]:
    is_attribute = key.startswith("@")
    return ("@" if is_attribute else "") + key.removeprefix("@").rpartition(":")[2], value
