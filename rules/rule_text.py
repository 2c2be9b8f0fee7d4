"""Writes a rule, with all that it judges by, as text, and builds it again from that.

The text is JSON. What accompanies a verdict (labels and annotations) is left out, so that the words of running cases
follow the files. What JSON does not know stands in an object with one key that says what it is.
"""

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any

from domain.instants import format_instant, parse_instant
from domain.rule import ObjectRule, Rule
from rules.compiler import compile_condition

_LEFT_OUT = frozenset(("labels", "annotations", "tenure", "forecasts"))
_MICROSECOND = timedelta(microseconds=1)
_DOMAIN = "domain."


def write_rule(rule: Rule) -> str:
    """The text of a rule; the same for rules that are equal but for their words."""
    return json.dumps(_write(rule), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=1024)
def build_rule(text: str) -> Rule:
    """The rule of a text; ValueError where this program cannot judge by it any more."""
    try:
        rule = _build(json.loads(text))
    except (TypeError, AttributeError, KeyError, ImportError, ValueError) as error:
        raise ValueError(f"is no rule that this version of Milepost knows: {error}") from error
    if not isinstance(rule, Rule):
        raise ValueError("is no rule")
    if isinstance(rule, ObjectRule):
        for condition in rule.conditions:
            compile_condition(condition)
    return rule


def _write(value: object) -> object:
    if value is None or isinstance(value, bool | int) or type(value) is str:
        return value
    if isinstance(value, Enum):
        return {"enum": _name(type(value)), "value": value.value}
    for key, (type_, write, _) in _SCALARS.items():
        if isinstance(value, type_):
            return {key: write(value)}
    if isinstance(value, tuple | list):
        return [_write(item) for item in value]
    if isinstance(value, frozenset):
        return {"set": sorted((_write(item) for item in value), key=repr)}
    if isinstance(value, Mapping):
        return {"map": sorted(([_write(key), _write(item)] for key, item in value.items()), key=repr)}
    if is_dataclass(value) and not isinstance(value, type):
        parts = [part.name for part in fields(value) if part.init and part.name not in _LEFT_OUT]
        return {"is": _name(type(value)), **{name: _write(getattr(value, name)) for name in parts}}
    raise TypeError(f"no rule judges by a {type(value).__name__}")


def _build(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_build(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "is" in value:
        parts = {name: _build(part) for name, part in value.items() if name != "is"}
        return _type(value["is"])(**parts)
    if "enum" in value:
        return _type(value["enum"])(value["value"])
    [(key, content)] = value.items()
    if key == "set":
        return frozenset(_build(item) for item in content)
    if key == "map":
        return {_build(name): _build(item) for name, item in content}
    return _SCALARS[key][2](content)


# By key: the type, how it is written, how it is read. An instant is a date too, so it comes first.
_SCALARS: Mapping[str, tuple[type, Callable[[Any], str | int], Callable[[Any], object]]] = {
    "instant": (datetime, format_instant, parse_instant),
    "date": (date, date.isoformat, date.fromisoformat),
    "us": (timedelta, lambda duration: duration // _MICROSECOND, lambda micros: micros * _MICROSECOND),
    "decimal": (Decimal, str, Decimal),
    "share": (Fraction, str, Fraction),
}


def _name(type_: type) -> str:
    return f"{type_.__module__}.{type_.__qualname__}"


def _type(name: str) -> Any:
    """The type of that name: a part of a rule, or nothing that a stored text may make."""
    module, _, own_name = name.rpartition(".")
    type_ = getattr(importlib.import_module(module), own_name) if module.startswith(_DOMAIN) else None
    if not (isinstance(type_, type) and (is_dataclass(type_) or issubclass(type_, Enum))):
        raise ValueError(f"{name} is no part of a rule")
    return type_
