"""Small blocks of markup: state chips, tiles, the sentence on top, and what is shown when nothing is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from dashboard.components.markup import Html, element, join
from dashboard.components.palette import STATE_WORDS
from dashboard.formatting import UNKNOWN, Reader, compact_money, exact_money, utc
from domain.alert import AlertState


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure that matters: its value, what it means in words, how it moves, and its course in even steps."""

    label: str
    value: str
    note: str
    exact: str | None = None
    tone: str = "plain"
    more: tuple[str, ...] = ()
    spark: tuple[float | None, ...] = ()


def state_chip(state: AlertState) -> Html:
    """A state as icon, word and colour."""
    return element("span", _icon(state), STATE_WORDS[state], class_=f"mp-chip mp-{state}")


def _icon(name: str) -> Html:
    return element("span", class_=f"mp-icon mp-icon-{name}", aria_hidden="true")


def severity_word(severity: str) -> Html:
    """A severity; the grave ones stand out by weight, since colour is the state's."""
    return element("span", severity or UNKNOWN, class_=f"mp-severity mp-severity-{severity}")


def money(amount: Decimal | None, currency: str | None) -> Html:
    """An amount at a glance, the exact one on hover."""
    class_ = "mp-unknown" if amount is None else None
    return element("span", compact_money(amount, currency), title=exact_money(amount, currency), class_=class_)


def instant(reader: Reader, at: datetime, *, seconds: bool = False) -> Html:
    """An instant in the reader's zone, UTC on hover."""
    return element("time", reader.instant(at, seconds=seconds), datetime=at.isoformat(), title=utc(at))


def trace_link(text: str, label: str | None = None) -> Html:
    """A link that opens what is known about an id."""
    return element("a", label or text, href=f"trace?{urlencode({'object': text})}", target="_self", class_="mp-link")


def sentence(text: str, tone: str) -> Html:
    """The one sentence on top; `tone` is an alert state or `in_time`."""
    return element("p", _icon(tone), element("span", text), class_=f"mp-sentence mp-{tone}", role="status")


def tiles(items: Sequence[Tile]) -> Html:
    """A row of figures that becomes a column on a phone."""
    return element("div", [_tile(item) for item in items], class_=f"mp-tiles mp-tiles-{len(items)}")


def _tile(item: Tile) -> Html:
    rest = [element("div", line, class_="mp-tile-more") for line in item.more if line]
    unknown = " mp-unknown" if item.value == UNKNOWN else ""
    return element(
        "div",
        element("div", item.label, class_="mp-tile-label"),
        element("div", item.value, class_=f"mp-tile-value{unknown}", title=item.exact),
        element("div", item.note, class_="mp-tile-note"),
        rest,
        _spark(item.spark),
        class_=f"mp-tile mp-tile-{item.tone}",
    )


def _spark(values: Sequence[float | None]) -> list[Html]:
    """A bar a step, to the scale of the tallest; nothing stands where a step is unknown."""
    highest = max((value for value in values if value is not None), default=0.0)
    if highest <= 0:
        return []
    bars = [
        element("i", style=f"height:{0 if value is None else max(round(100 * value / highest), 2)}%")
        for value in values
    ]
    return [element("div", bars, class_="mp-spark", aria_hidden="true")]


def notice(title: str, text: str, command: str | None = None, *, tone: str = "plain") -> Html:
    """What stands in the place of something that is not there: what it would be, and the command that helps."""
    shown = [element("code", command, class_="mp-command")] if command else []
    return element(
        "div",
        element("div", title, class_="mp-notice-title"),
        element("div", text, class_="mp-notice-text"),
        shown,
        class_=f"mp-notice mp-notice-{tone}",
    )


def heading(title: str, note: str = "") -> Html:
    """A section's heading and what it counts."""
    return element("div", element("h2", title), element("span", note, class_="mp-heading-note"), class_="mp-heading")


def facts_line(parts: Sequence[str]) -> Html:
    """Facts beside each other, a dot between them."""
    dot = element("span", " · ", class_="mp-dot-between")
    return join(*(join(dot, part) if index else part for index, part in enumerate(parts)))
