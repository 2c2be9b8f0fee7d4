"""Changes to a rule as its author wrote it, each of which says something else, for tests that must notice."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

from domain.duration import parse_duration, write_duration

Raw = dict[str, Any]
_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
_OTHER_LEVEL = {"info": "warning", "warning": "critical", "critical": "warning"}
_SWAPPED = (("from", "to"), ("event", "requires"), ("event", "not_before"), ("from", "until"))
# Parts that change what is told where they are left out.
_OPTIONAL = ("where", "calendar", "pause", "close", "at_risk", "overrides")
# A test states a signal's values as they are, whatever window they were measured in.
_KINDS = (
    *("milestone", "sequence", "duplicate", "reconcile", "authority"),
    *("absence", "threshold", "burn_rate", "forecast"),
)


def mutants(rule: Raw) -> Iterator[tuple[str, Raw]]:
    """The rule changed in one place, with what was changed."""
    kind = next(name for name in _KINDS if name in rule)
    yield from _in_kind(rule, kind)
    for key in _OPTIONAL:
        if key in rule:
            yield f"no {key}", _without(rule, key)
    for number, _ in enumerate(rule.get("unless", ())):
        yield f"no unless[{number}]", _without(rule, "unless", number)
    if "pause" in rule:
        yield "pause turned round", _swapped(rule, ("pause",), "from", "until")
    if "at_risk" in rule:
        for by in (-1, 1):
            yield f"at_risk {by:+}%", _with(rule, _percent(rule["at_risk"], by), "at_risk")
    for number, override in enumerate(rule.get("overrides", ())):
        yield f"no overrides[{number}].where", _with(rule, "true", "overrides", number, "where")
        for shift in (-_SECOND, _SECOND):
            later = _longer(override["within"], shift)
            yield f"overrides[{number}].within {later}", _with(rule, later, "overrides", number, "within")
    yield from _in_severity(rule)


def _in_kind(rule: Raw, kind: str) -> Iterator[tuple[str, Raw]]:
    body = rule[kind]
    # As often as a rule of its kind judges.
    step = _HOUR if "kpi" in body else _MINUTE if kind == "threshold" else _SECOND
    for key in ("within", "for", "settle"):
        if key in body:
            for by in (-step, step):
                later = _longer(body[key], by)
                yield f"{key} {later}", _with(rule, later, kind, key)
    for key in ("count", "minimum"):
        if key in body:
            for one in (-1, 1):
                # A count of one is refused, as it repeats nothing.
                if body[key] + one > 1:
                    yield f"{key} {body[key] + one}", _with(rule, body[key] + one, kind, key)
    if "above" in body:
        for one in (-1, 1):
            yield f"above {one:+}", _with(rule, _beyond(body["above"], one), kind, "above")
    if "slo" in body:
        for share in (-0.3, 0.3):
            yield f"slo {share:+}%", _with(rule, _percent(body["slo"], share), kind, "slo")
    if "chance" in body:
        for share in (-30, 19):
            yield f"chance {share:+}%", _with(rule, _percent(body["chance"], share), kind, "chance")
    if "less" in body:
        yield "no less", _without(rule, kind, "less")
        yield "no sum", _without(_without(rule, kind, "less"), kind, "sum")
    if "tolerance" in body:
        yield "no tolerance", _without(rule, kind, "tolerance")
    if "pairing" in body:
        yield "no pairing", _without(rule, kind, "pairing")
    for number, name in enumerate(body.get("alike", ())):
        yield f"not alike by {name}", _without(rule, kind, "alike", number)
    if "per" in body:
        yield "no per", _without(rule, kind, "per")
    for first, second in _SWAPPED:
        if first in body and second in body:
            yield f"{first} and {second} swapped", _swapped(rule, (kind,), first, second)
    if "not_while" in body:
        yield "not_while turned round", _swapped(rule, (kind, "not_while"), "from", "until")
    if "event" in body:
        yield (
            "another event",
            _with(rule, "order.created" if kind == "authority" else "customer.updated", kind, "event"),
        )
    if "object" in body and kind != "authority":
        yield "another object", _with(rule, "order" if body["object"] != "order" else "quote", kind, "object")


def _in_severity(rule: Raw) -> Iterator[tuple[str, Raw]]:
    severity = rule.get("severity")
    if isinstance(severity, str):
        yield "another severity", _with(rule, _OTHER_LEVEL[severity], "severity")
        return
    for number, step in enumerate(severity or ()):
        yield (
            f"severity[{number}] of another level",
            _with(rule, _OTHER_LEVEL[step["level"]], "severity", number, "level"),
        )
        if step["at"] != "100%":
            for by in (-1, 1):
                yield f"severity[{number}] {by:+}%", _with(rule, _percent(step["at"], by), "severity", number, "at")


def _with(rule: Raw, value: object, *place: str | int) -> Raw:
    changed = deepcopy(rule)
    part: Any = changed
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return changed


def _without(rule: Raw, *place: str | int) -> Raw:
    changed = deepcopy(rule)
    part: Any = changed
    for key in place[:-1]:
        part = part[key]
    del part[place[-1]]
    return changed


def _swapped(rule: Raw, place: tuple[str, ...], one: str, other: str) -> Raw:
    part: Any = rule
    for key in place:
        part = part[key]
    return _with(_with(rule, part[other], *place, one), part[one], *place, other)


def _longer(duration: str, by: timedelta) -> str:
    return write_duration(parse_duration(duration) + by)


def _percent(text: str, by: float) -> str:
    return f"{float(text.removesuffix('%')) + by:g}%"


def _beyond(bound: object, by: int) -> object:
    """The bound moved by one or, where it is a duration, a fiftieth."""
    if isinstance(bound, int):
        return bound + by
    text = str(bound)
    return _percent(text, by) if text.endswith("%") else _longer(text, parse_duration(text) / 50 * by)
