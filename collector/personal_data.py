"""Masks or hashes personal data in JSON, so that nobody can read it back and everything else stays as it was sent.

Only what lies on the way to a personal field is written anew, without white space and with the last of repeated
keys, which is the one that counts. The same value always becomes the same text, and that text stays itself: what is
sent or replayed again is still a repeat.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from domain.contract import Protection

MASKED = "***"
_HASHED = re.compile(r"hmac-sha256:[0-9a-f]{64}")
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_exact_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
# A value hashes alike whatever the order of its keys.
_sorted_encoder = msgspec.json.Encoder(order="sorted", decimal_format="number")

# From a text to what is kept of it.
Way = Callable[[str], str]
# Below each key either another object or a personal value.
Tree = dict[str, "Tree | Way"]


class Unreadable(Exception):
    """Personal data is to be masked in something that is not the JSON it should be in."""


def way_of(protection: Protection, key: bytes) -> Way:
    """How a text is kept; `key` is for hashes, which are blind to case and to space around."""
    if protection is Protection.MASK:
        return lambda text: MASKED

    def hashed(text: str) -> str:
        if _HASHED.fullmatch(text):
            return text
        return f"hmac-sha256:{hmac.digest(key, text.strip().casefold().encode(), 'sha256').hex()}"

    return hashed


def masked(raw: bytes, below: "Tree | Way") -> bytes:
    """A JSON text with its personal values masked; Unreadable where it is no JSON."""
    try:
        return _masked(raw, below)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise Unreadable from None


def masked_by_name(raw: bytes, ways: Mapping[str, Way]) -> bytes:
    """A JSON text with every value masked that stands, at any depth, under one of some names; else Unreadable."""
    try:
        return _encoder.encode(_masked_by_name(_exact_decoder.decode(raw), ways))
    except (msgspec.MsgspecError, RecursionError, UnicodeError, OverflowError):
        raise Unreadable from None


def masked_text(text: str, way: Way) -> str:
    """An attribute's text masked as the value in JSON that it was read from."""
    if text[:1] in ("{", "["):
        try:
            raw = masked(text.encode(), way)
        except Unreadable:
            return way(text)
        return _text(raw) if raw[:1] == b'"' else raw.decode()
    return way(text)


def _masked(raw: bytes, below: "Tree | Way") -> bytes:
    first = raw.lstrip()[:1]
    if first == b"[":
        items = _array_decoder.decode(raw)
        return _encoder.encode([msgspec.Raw(_masked(bytes(item), below)) for item in items])
    if callable(below):
        return raw if raw == b"null" else _encoder.encode(below(_text(raw)))
    if first == b"{":
        fields = _object_decoder.decode(raw)
        for name, node in below.items():
            if name in fields:
                fields[name] = msgspec.Raw(_masked(bytes(fields[name]), node))
        return _encoder.encode(fields)
    # Where an object with personal fields should be, anything else may hold what they would.
    return raw if raw.strip() == b"null" else _encoder.encode(MASKED)


def _text(raw: bytes) -> str:
    value: Any = _exact_decoder.decode(raw)
    return value if isinstance(value, str) else _sorted_encoder.encode(value).decode()


def _masked_by_name(value: Any, ways: Mapping[str, Way]) -> Any:
    if isinstance(value, dict):
        return {
            name: _masked_value(inner, ways[name]) if name in ways else _masked_by_name(inner, ways)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked_by_name(item, ways) for item in value]
    # JSON may stand in a text once more.
    return MASKED if isinstance(value, str) and any(name in value for name in ways) else value


def _masked_value(value: Any, way: Way) -> Any:
    if isinstance(value, list):
        return [_masked_value(item, way) for item in value]
    if value is None:
        return None
    return way(value if isinstance(value, str) else _sorted_encoder.encode(value).decode())
