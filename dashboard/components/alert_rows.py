"""A line for each alert that stands: a row at a desk, a card on a phone, and the whole of it opens the alert."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.muting import MutedBy
from dashboard.components.cards import instant, money, severity_word, state_chip
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import muted_words
from dashboard.formatting import UNKNOWN, Reader, duration
from domain.alert_action import Handling
from storage.overview import OpenAlert
from storage.work_list import WorkItem

_HEAD = ("State", "What", "Entity", "Money", "Stuck since", "Deadline", "Who has it")
_NUMBERS = frozenset({"Money", "Stuck since", "Deadline"})


def rows_head() -> Html:
    """The names of the columns; a phone shows none."""
    cells = [element("span", name, class_="mp-number" if name in _NUMBERS else None) for name in _HEAD]
    return element("div", cells, class_="mp-row mp-row-head", aria_hidden="true")


def alert_row(alert: OpenAlert, reader: Reader, handling: Handling, muted: Sequence[MutedBy]) -> Html:
    """An alert in one line: how bad, what, how much, since when, until when, who has it, and why nobody is told."""
    stuck = alert.business_object
    return element(
        "div",
        _cell("state", state_chip(alert.state), _sub(severity_word(alert.severity))),
        _cell(
            "what",
            element("b", f"{stuck.type} {stuck.id}"),
            _sub(alert.rule),
            *(_sub(muted_words(one), "mp-row-muted") for one in muted),
        ),
        _cell("entity", alert.legal_entity or element("span", UNKNOWN, class_="mp-unknown")),
        _cell("money mp-number", money(alert.amount, alert.currency)),
        _cell("since mp-number", duration(reader.now - alert.started_at), _sub(instant(reader, alert.started_at))),
        _cell("deadline mp-number", deadline_note(alert, reader), _sub(instant(reader, alert.deadline_at))),
        _cell("who", who_has(handling)),
        class_=f"mp-row mp-row-{alert.state}",
    )


def deadline_note(alert: OpenAlert | WorkItem, reader: Reader) -> Html:
    """How long is left, or how long it is over."""
    left = alert.deadline_at - reader.now
    if left > timedelta(0):
        return element("span", f"{duration(left)} left")
    return element("span", f"{duration(-left)} over", class_=f"mp-over mp-{alert.state}")


def who_has(handling: Handling) -> Html:
    """Who took it or was given it, and what it was worth."""
    parts: list[Html] = []
    if handling.acknowledged:
        parts.append(element("span", f"✓ {handling.acknowledged.acted_by}", class_="mp-has"))
    if handling.assigned:
        parts.append(element("span", f"→ {handling.assigned.value}", class_="mp-has"))
    if not parts:
        parts.append(element("span", "nobody yet", class_="mp-quiet"))
    if handling.marked:
        parts.append(_sub(f"marked {handling.marked.value}"))
    return join(*parts)


def _cell(name: str, *content: str) -> Html:
    return element("div", *content, class_=f"mp-cell-{name}")


def _sub(text: str, class_: str = "") -> Html:
    return element("span", text, class_=f"mp-sub {class_}".strip())
