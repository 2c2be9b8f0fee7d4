"""The functions that source definitions have beside JMESPath's own; null in gives null out.

https://jmespath.org/specification.html#built-in-functions
"""

import hashlib
from datetime import datetime, timedelta
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any

import msgspec
from babel.numbers import get_currency_precision, list_currencies
from jmespath.functions import Functions, signature

from domain.instants import EPOCH, format_instant

_ANY: Any = {"types": []}
_TEXT: Any = {"types": ["string"]}
_TEXT_OR_NULL: Any = {"types": ["string", "null"]}
_LIST_OR_NULL: Any = {"types": ["array", "null"]}
_OBJECT_OR_NULL: Any = {"types": ["object", "null"]}
# Far more digits than an amount has; a sum that needed more would be wrong, and is an error.
_EXACT = Context(prec=100, Emax=200, Emin=-200, traps=[Inexact, InvalidOperation, Overflow, Clamped])
_SALESFORCE_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
# CLDR, where Babel has it from, counts the decimals that people write; vendors count ISO 4217's minor units.
# https://www.six-group.com/en/products-services/financial-information/data-standards.html
_ISO_4217 = {
    **dict.fromkeys(
        ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SLL", "SOS", "SYP", "YER"),
        2,
    ),
    "IQD": 3,
}


@lru_cache(maxsize=1024)
def minor_unit_exponent(currency: str) -> int:
    """How many decimals an amount in a currency's minor units has; ValueError for a currency that is unknown."""
    if currency not in list_currencies():
        raise ValueError(f"currency {currency[:20]!r} is not known, and so is not what its minor unit is worth")
    return _ISO_4217.get(currency, get_currency_precision(currency))


class SourceFunctions(Functions):
    """JMESPath's functions and Milepost's, for one source definition."""

    def __init__(self, exponents: dict[str, int]) -> None:
        """`exponents` are the currencies whose minor units the vendor counts in its own way."""
        self._exponents = exponents

    @signature(_ANY, _TEXT_OR_NULL)
    def _func_minor_units(self, amount: Any, currency: str | None) -> str | None:
        """1250 and "eur" → "12.50": exact decimal text of a whole number of minor units."""
        if amount is None:
            return None
        if currency is None:
            raise ValueError("minor_units() has an amount but no currency")
        code = currency.upper()
        exponent = self._exponents.get(code)
        exact = _decimal(amount).scaleb(-(minor_unit_exponent(code) if exponent is None else exponent), _EXACT)
        return f"{exact:f}"

    @signature(_ANY)
    def _func_from_seconds(self, seconds: Any) -> str | None:
        """1767225600 → "2026-01-01T00:00:00Z"."""
        return None if seconds is None else _since_epoch(_decimal(seconds) * 1_000_000)

    @signature(_ANY)
    def _func_from_milliseconds(self, milliseconds: Any) -> str | None:
        """1767225600000 → "2026-01-01T00:00:00Z"."""
        return None if milliseconds is None else _since_epoch(_decimal(milliseconds) * 1_000)

    @signature(_TEXT_OR_NULL, _TEXT)
    def _func_parse_time(self, text: str | None, pattern: str) -> str | None:
        """A time in the vendor's own form, as Python's strptime reads it; without a zone until one is configured."""
        return None if text is None else datetime.strptime(text, pattern).isoformat()  # noqa: DTZ007

    @signature(_TEXT_OR_NULL)
    def _func_lower(self, text: str | None) -> str | None:
        return None if text is None else text.lower()

    @signature(_TEXT_OR_NULL)
    def _func_upper(self, text: str | None) -> str | None:
        return None if text is None else text.upper()

    # JMESPath's own end in an error where a field is missing, which for a condition is simply "no".
    @signature(_TEXT_OR_NULL, _TEXT)
    def _func_starts_with(self, text: str | None, start: str) -> bool:
        return text is not None and text.startswith(start)

    @signature({"types": ["array", "string", "null"]}, _ANY)
    def _func_contains(self, owner: list[Any] | str | None, wanted: Any) -> bool:
        if isinstance(owner, str):
            return isinstance(wanted, str) and wanted in owner
        return owner is not None and wanted in owner

    @signature(_TEXT_OR_NULL, _TEXT)
    def _func_split(self, text: str | None, separator: str) -> list[str] | None:
        return None if text is None else text.split(separator)

    @signature(_OBJECT_OR_NULL, _TEXT_OR_NULL)
    def _func_member(self, owner: dict[str, Any] | None, name: str | None) -> Any:
        """The member whose name another part of the payload tells."""
        return None if owner is None or name is None else owner.get(name)

    @signature(_OBJECT_OR_NULL)
    def _func_members(self, owner: dict[str, Any] | None) -> list[dict[str, Any]] | None:
        """An object as a list of its members, each with `name` and `value`; attributes of XML are left out."""
        if owner is None:
            return None
        return [{"name": name, "value": value} for name, value in owner.items() if not name.startswith("@")]

    @signature(_LIST_OR_NULL, _TEXT, _TEXT)
    def _func_entries(self, items: list[Any] | None, name: str, value: str) -> dict[str, Any] | None:
        """A list of name and value pairs as one object."""
        if items is None:
            return None
        pairs = [item for item in items if isinstance(item, dict) and isinstance(item.get(name), str)]
        return {item[name]: item.get(value) for item in pairs}

    @signature(_OBJECT_OR_NULL, _TEXT, _ANY)
    def _func_spread(self, owner: dict[str, Any] | None, name: str, items: Any) -> list[dict[str, Any]]:
        """One copy of an object for each item of a list, with the item as a member of that name."""
        if owner is None or items is None:
            return []
        return [{**owner, name: item} for item in (items if isinstance(items, list) else [items])]

    @signature(_OBJECT_OR_NULL)
    def _func_given(self, owner: dict[str, Any] | None) -> dict[str, Any] | None:
        """An object without its members that are null."""
        return None if owner is None else {name: value for name, value in owner.items() if value is not None}

    @signature(_ANY)
    def _func_digest(self, value: Any) -> str:
        """A text that is the same for the same content, whatever the order of keys: for a vendor without ids."""
        return hashlib.sha256(_sorted_json.encode(value)).hexdigest()[:32]

    @signature(_TEXT_OR_NULL)
    def _func_salesforce_id(self, text: str | None) -> str | None:
        """The 18-character form of a record id: Salesforce sends 15 or 18 characters for the same record."""
        if text is None or len(text) != 15 or not text.isascii():
            return text
        groups = (text[start : start + 5] for start in (0, 5, 10))
        return text + "".join(
            _SALESFORCE_CHECK[sum(1 << place for place, letter in enumerate(group) if letter.isupper())]
            for group in groups
        )

    # JMESPath's own know no Decimal, which numbers with a point are read as so that no digit is lost.
    @signature(_ANY)
    def _func_type(self, value: Any) -> str:
        known = {bool: "boolean", str: "string", dict: "object", list: "array", type(None): "null"}
        return known.get(type(value), "number")

    @signature(_ANY)
    def _func_to_string(self, value: Any) -> str:
        return value if isinstance(value, str) else _json.encode(value).decode()

    @signature(_ANY)
    def _func_to_number(self, value: Any) -> int | Decimal | None:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            return None
        try:
            return value if isinstance(value, int) else _decimal(value)
        except ValueError:
            return None

    @signature(_LIST_OR_NULL)
    def _func_sum(self, numbers: list[Any] | None) -> Decimal | None:
        if numbers is None:
            return None
        total = Decimal(0)
        for number in numbers:
            total = _EXACT.add(total, _decimal(number))
        return total


# The shortest exact text of a Decimal is what its sender wrote.
_json = msgspec.json.Encoder(decimal_format="number")
_sorted_json = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"{str(value)[:40]!r} is not a number")
    try:
        number = _EXACT.create_decimal(value if isinstance(value, int | Decimal) else str(value).strip())
    except ArithmeticError:
        raise ValueError(f"{str(value)[:40]!r} is not a number, or has too many digits") from None
    if not number.is_finite():
        raise ValueError(f"{str(value)[:40]!r} is not a number")
    return number


def _since_epoch(micros: Decimal) -> str:
    try:
        return format_instant(EPOCH + timedelta(microseconds=int(micros)))
    except (OverflowError, ArithmeticError):
        raise ValueError(f"{str(micros)[:40]} microseconds since 1970 is no instant") from None
