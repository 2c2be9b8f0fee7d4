"""What a message says of an incident: which hop fails, what waits behind it in all, since when."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from alerts.messages.text_limits import fit, one_line
from domain.incident import Incident, IncidentFigures
from domain.instants import format_instant
from domain.money import format_amount

_HOP, _ERROR, _WORD = 300, 500, 50
# Receivers cut long lines anywhere; of so many currencies or types the rest is counted.
_MOST_PARTS = 8


@dataclass(frozen=True, slots=True)
class IncidentStory:
    """An incident as people are told of it; texts are clean.

    `name` is the same in every message, `line` is what waits, `notes` say the rest, a line each.
    """

    id: str
    name: str
    line: str
    error: str
    notes: tuple[str, ...]


def incident_story(incident: Incident, told_at: datetime, *, is_over_here: bool) -> IncidentStory:
    """The story of an incident to somebody for whom it goes on or, by what they hear of, is over."""
    line = _line(incident, told_at)
    error = fit(one_line(incident.error), _ERROR)
    notes = [f"Error: {error}"]
    if is_over_here and incident.ended_at is None:
        notes.insert(0, f"Over here; elsewhere {line}")
        line = "over here, not elsewhere"
    figures = incident.figures
    if figures and figures.deadline_at and incident.ended_at is None:
        notes.append(f"First deadline: {_say(figures.deadline_at, told_at)}; worst severity: {_word(figures.severity)}")
    notes.append(f"Incident: {incident.incident_id}")
    return IncidentStory(incident.incident_id, fit(one_line(incident.failure), _HOP), line, error, tuple(notes))


def say_amount(amount: Decimal, currency: str | None) -> str:
    """An amount with its thousands apart; its currency may be unknown."""
    code = _word(currency or "") or "of an unknown currency"
    sign, digits = ("-", format_amount(-amount, currency)) if amount < 0 else ("", format_amount(amount, currency))
    whole, point, fraction = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{fraction} {code}"


def _line(incident: Incident, told_at: datetime) -> str:
    what = _what(incident.figures) if incident.figures else "alerts"
    since = _say(incident.first_seen_at, told_at)
    if incident.ended_at is None:
        return f"{what} wait since {since}"
    return f"{what} waited from {since} until {_say(incident.ended_at, told_at)}"


def _what(figures: IncidentFigures) -> str:
    objects = [f"{count:,} {_plural(_word(type_), count)}" for type_, count in figures.objects.items()]
    money = [say_amount(one.amount, one.currency) for one in figures.money]
    parts = _cut(objects) or ["nothing"]
    if figures.unknown and not money:
        return f"{', '.join(parts)} of unknown amount"
    if figures.unknown:
        return f"{', '.join([*parts, *_cut(money)])} and {figures.unknown:,} of unknown amount"
    return ", ".join([*parts, *_cut(money)])


def _cut(parts: list[str]) -> list[str]:
    rest = len(parts) - _MOST_PARTS
    return parts if rest <= 0 else [*parts[:_MOST_PARTS], f"{rest} more"]


def _plural(noun: str, count: int) -> str:
    if count == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def _say(instant: datetime, told_at: datetime) -> str:
    """To the minute, in UTC; without the date where it is that of the message."""
    text = format_instant(instant)
    date, time = text[:10], text[11:16]
    return f"{time} UTC" if format_instant(told_at)[:10] == date else f"{date} {time} UTC"


def _word(text: str) -> str:
    return fit(one_line(text), _WORD)
