"""How the console writes money, numbers, durations and instants; a figure that cannot be known reads `unknown`."""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from domain.duration import format_duration
from domain.instants import parse_instant
from domain.money import format_amount

UNKNOWN = "unknown"
_WORDS = "en"
# Whose marks stand in numbers: a run of a page serves one reader, and says at its beginning which.
_numbers_of: ContextVar[str] = ContextVar("numbers_of", default=_WORDS)
_STEPS = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_NARROW_SPACE = "\u202f"


def write_numbers_for(locale: str | None) -> None:
    """From now on in this run numbers have the marks of a language such as de-DE; of English where it is not known."""
    try:
        _numbers_of.set(str(Locale.parse(locale or _WORDS, sep="-")))
    except (UnknownLocaleError, ValueError):
        _numbers_of.set(_WORDS)


def grouped(value: int | float | Decimal, form: str = ",") -> str:
    """A number with the reader's marks, such as `2,400` or `2.400`; `form` is one of Python's."""
    return _marked(format(value, form))


def separators() -> str:
    """The marks of the reader's numbers as Plotly takes them: of decimals, then of thousands."""
    return get_decimal_symbol(_numbers_of.get()) + get_group_symbol(_numbers_of.get())


def _marked(text: str) -> str:
    locale = _numbers_of.get()
    return text.translate({ord("."): get_decimal_symbol(locale), ord(","): get_group_symbol(locale)})


def compact_money(amount: Decimal | None, currency: str | None) -> str:
    """An amount at a glance, such as `€1.24 M`; three to four digits, `unknown` when it is."""
    if amount is None:
        return UNKNOWN
    size, letter = next(((size, letter) for size, letter in _STEPS if abs(amount) >= size), (Decimal(1), ""))
    scaled = amount / size
    decimals = 0 if not letter else 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
    digits = grouped(abs(scaled), f",.{decimals}f")
    sign = "−" if amount < 0 else ""
    unit = f"{_NARROW_SPACE}{letter}" if letter else ""
    symbol = get_currency_symbol(currency, locale=_WORDS) if currency else ""
    if not currency:
        return f"{sign}{digits}{unit}"
    # A currency without a sign of its own is named by its code, which goes behind.
    return f"{sign}{digits}{unit} {currency}" if symbol == currency else f"{sign}{symbol}{digits}{unit}"


def exact_money(amount: Decimal | None, currency: str | None) -> str:
    """An amount to the last digit, such as `12,500.00 EUR`."""
    if amount is None:
        return "no system has stated an amount"
    whole, point, fraction = format_amount(amount, currency).partition(".")
    text = _marked(f"{int(whole):,}{point}{fraction}")
    if whole.startswith("-") and int(whole) == 0:
        text = f"-{text}"
    return f"{text} {currency}" if currency else f"{text}, in a currency no system has stated"


def count_of(count: int, singular: str, plural: str | None = None) -> str:
    """A counted noun, such as `1 alert` or `2,400 alerts`."""
    return f"{grouped(count)} {singular if count == 1 else plural or singular + 's'}"


def percent(share: float | None) -> str:
    """A share with one decimal, such as `98.6 %`; never rounded up to 100 % or down to 0 %."""
    if share is None:
        return UNKNOWN
    shown = round(share * 100, 1)
    if shown == 100 and share < 1:
        shown = 99.9
    if shown == 0 and share > 0:
        shown = 0.1
    return f"{grouped(shown, 'g')}{_NARROW_SPACE}%"


def duration(length: timedelta | None) -> str:
    """The two largest units of a duration, such as `3 d 4 h`; milliseconds below a second."""
    if length is None:
        return UNKNOWN
    if timedelta(0) < length < timedelta(seconds=1):
        return f"{grouped(length / timedelta(milliseconds=1), '.3g')} ms"
    return format_duration(length)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the zone their browser says they are in, and the instant at which they look."""

    zone: ZoneInfo
    now: datetime

    def local(self, instant: datetime) -> datetime:
        """The instant on the reader's clock."""
        return instant.astimezone(self.zone)

    def instant(self, instant: datetime, *, seconds: bool = False) -> str:
        """The instant in the reader's zone, such as `22 Nov 12:30`; the year where it is another."""
        local = self.local(instant)
        year = "" if local.year == self.local(self.now).year else f" {local.year}"
        return (
            f"{local.day} {local:%b}{year} {local:%H:%M:%S}"
            if seconds
            else f"{local.day} {local:%b}{year} {local:%H:%M}"
        )

    def in_words(self, text: str) -> str:
        """A text for people with the RFC 3339 instants in it on the reader's clock."""
        return _RFC_3339.sub(lambda found: self.instant(parse_instant(found.group())), text)

    def ago(self, instant: datetime) -> str:
        """How long ago the instant was, such as `3 h 4 min ago`; `just now` below two seconds."""
        past = self.now - instant
        return "just now" if past < timedelta(seconds=2) else f"{format_duration(past)} ago"


def utc(instant: datetime) -> str:
    """The instant to the millisecond in UTC, for whoever wants to be sure."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03d} UTC"


def zone_named(name: str | None) -> ZoneInfo:
    """The time zone with an IANA name; UTC where the browser gave none that is known."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
