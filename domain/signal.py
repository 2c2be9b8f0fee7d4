"""The signals that thresholds are about: a bounded catalog, each defined by storage/queries/signal_<name>.sql."""

import difflib
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.config_file import show
from domain.duration import parse_duration


class Unit(StrEnum):
    """What a signal is measured in."""

    SECONDS = "seconds"
    COUNT = "count"
    SHARE = "share"


class Recorded(StrEnum):
    """What a signal is measured of: where the store has none of it, nothing is known of the signal."""

    EVENTS = "events"
    SPANS = "spans"


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: its unit, what it says, and the labels it can be had by.

    Where `quiet_is_zero` nothing measured means nothing happened; else it means that nothing is known. One that
    `takes_pair` is about an event and the one that it waits for.
    """

    name: str
    unit: Unit
    description: str
    labels: tuple[str, ...]
    quiet_is_zero: bool = False
    takes_pair: bool = False
    recorded: Recorded = Recorded.EVENTS


_HOP = ("from_service", "to_service")
SIGNALS = {
    signal.name: signal
    for signal in (
        Signal(
            "message_latency",
            Unit.SECONDS,
            "95 of 100 events in the window were received within this time after they occurred",
            ("source", "event_type", "legal_entity", "region", "currency"),
        ),
        Signal(
            "failed_transactions",
            Unit.COUNT,
            "traces with a span of status Error, of spans received in the window",
            ("service",),
            recorded=Recorded.SPANS,
        ),
        Signal(
            "backlog",
            Unit.COUNT,
            "objects with the first event of a pair, of the last 30 days, and not the second",
            ("source", "legal_entity", "region", "currency"),
            quiet_is_zero=True,
            takes_pair=True,
        ),
        Signal(
            "dead_letters",
            Unit.COUNT,
            "inputs that could not be taken in the window",
            ("channel", "code", "source"),
            quiet_is_zero=True,
        ),
        Signal(
            "api_error_rate",
            Unit.SHARE,
            "share of calls from one service to another in the window that ended in an error",
            _HOP,
            recorded=Recorded.SPANS,
        ),
        Signal(
            "api_latency",
            Unit.SECONDS,
            "95 of 100 calls from one service to another in the window took at most this long",
            _HOP,
            recorded=Recorded.SPANS,
        ),
    )
}


def signal_named(name: str) -> Signal:
    """The signal of that name; ValueError names those there are, the nearest first."""
    if name in SIGNALS:
        return SIGNALS[name]
    near = difflib.get_close_matches(name, SIGNALS, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    raise ValueError(f"is {show(name)}, which is no signal; {hint}accepted: {', '.join(SIGNALS)}")


def parse_value(unit: Unit, value: object) -> Decimal:
    """A bound as people write it in a signal's unit; ValueError says what is accepted."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    try:
        if unit is Unit.SECONDS and isinstance(value, str):
            return Decimal(str(parse_duration(text).total_seconds()))
        is_percent = unit is Unit.SHARE and text.endswith("%")
        number = Decimal(text.removesuffix("%").strip()) / 100 if is_percent else Decimal(text)
    except (ValueError, ArithmeticError):
        number = Decimal("NaN")
    if not number.is_finite() or number < 0 or (unit is Unit.SHARE and number > 1):
        raise ValueError(f"is {show(value)}; give {_ACCEPTED[unit]}")
    return number


_ACCEPTED = {
    Unit.SECONDS: "a duration such as 90s, or seconds as a number",
    Unit.COUNT: "a number that is not negative, such as 50",
    Unit.SHARE: "a percentage such as 5%, or a number from 0 to 1",
}


def write_value(unit: Unit, value: float) -> str:
    """A measured value as people read it."""
    if unit is Unit.SHARE:
        return f"{value * 100:.4g}%"
    return f"{value:.6g} s" if unit is Unit.SECONDS else f"{value:.15g}"
