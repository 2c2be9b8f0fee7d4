"""The types that a contract gives to fields: what a text must look like, and which type takes all that another does."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from collector.receivers.canonical_events import RFC3339
from domain.contract import FieldType
from domain.money import is_currency

# The fields that every event may have; others are named attributes.NAME, extensions.NAME or data.PATH.
WORDS = ("amount", "currency", "legal_entity", "region", "correlationid", "causationid", "subject", "dataschema")
_DECIMAL = re.compile(r"[+-]?\d{1,60}(?:\.\d{1,60})?")
_INTEGER = re.compile(r"[+-]?\d{1,60}")


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-11-02") and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_instant(text: str) -> bool:
    try:
        return RFC3339.fullmatch(text) is not None and bool(datetime.fromisoformat(text.upper()))
    except ValueError:
        return False


TYPES: Mapping[str, Callable[[str], bool]] = {
    "text": lambda text: True,
    "decimal": lambda text: _DECIMAL.fullmatch(text) is not None,
    "integer": lambda text: _INTEGER.fullmatch(text) is not None,
    "boolean": lambda text: text in ("true", "false"),
    "date": _is_date,
    "instant": _is_instant,
    "currency": is_currency,
}
_EXAMPLES = {
    "text": "a text",
    "decimal": "a decimal such as 12500.00",
    "integer": "a whole number",
    "boolean": "true or false",
    "date": "a date such as 2026-11-02",
    "instant": "an instant such as 2026-11-02T09:30:00Z",
    "currency": "an ISO 4217 code such as EUR",
}


def test_of(field_type: FieldType) -> Callable[[str], bool]:
    """Whether a text is of a type."""
    if isinstance(field_type, str):
        return TYPES[field_type]
    return frozenset(field_type).__contains__


def example_of(field_type: FieldType) -> str:
    """What a type accepts, in words."""
    return _EXAMPLES[field_type] if isinstance(field_type, str) else f"one of {', '.join(field_type)}"


def name_of(field_type: FieldType) -> str:
    """A type as a contract's author writes it."""
    return field_type if isinstance(field_type, str) else f"[{', '.join(field_type)}]"


def takes_all(new: FieldType, old: FieldType) -> bool:
    """Whether every text of the old type is one of the new type too."""
    if new in ("text", old):
        return True
    if isinstance(old, tuple):
        return all(map(test_of(new), old))
    if isinstance(new, tuple):
        return old == "boolean" and {"true", "false"} <= set(new)
    return (new, old) == ("decimal", "integer")
