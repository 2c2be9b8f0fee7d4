"""Work that waits as rows: what is stuck, for whom, how much, where, since when, how long still, and what was said."""

from dashboard.components.alert_rows import deadline_note, who_has
from dashboard.components.cards import instant, money, state_chip
from dashboard.components.markup import Html, element, join
from dashboard.formatting import UNKNOWN, Reader, count_of, duration, grouped
from storage.work_list import WorkItem

_HEAD = ("Object", "Money", "Stuck where", "Deadline", "Who has it")
_NUMBERS = frozenset({"Money"})


def work_head() -> Html:
    """The names of the columns; a phone shows none."""
    cells = [element("span", name, class_="mp-number" if name in _NUMBERS else None) for name in _HEAD]
    return element("div", cells, class_="mp-row mp-work-row mp-row-head", aria_hidden="true")


def work_row(item: WorkItem, reader: Reader, *, is_open: bool) -> Html:
    """One object in a line; the one that is open in the pane beside it is marked."""
    stuck = item.business_object
    note = item.note
    said = _sub(f"“{note.comment}” {note.acted_by}, {reader.instant(note.acted_at)}", "mp-work-note") if note else ""
    return element(
        "div",
        _cell("what", element("b", f"{stuck.type} {stuck.id}"), _sub(_whose(item)), state_chip(item.state)),
        _cell("money mp-number", money(item.amount, item.currency)),
        _cell("where", element("b", waits_for(item)), _sub(item.rule), behind(item), said),
        _cell("deadline", deadline_bar(item, reader), deadline_note(item, reader), _sub(_since(item, reader))),
        _cell("who", who_has(item.handling)),
        class_=f"mp-row mp-work-row mp-row-{item.state}{' mp-row-open' if is_open else ''}",
    )


def deadline_bar(item: WorkItem, reader: Reader) -> Html:
    """How much of the window is gone, as a bar that fills."""
    gone = item.window_gone(reader.now)
    percent = min(max(round(100 * gone), 0), 100)
    return element(
        "div",
        element("i", style=f"width:{percent}%"),
        class_=f"mp-fill mp-{item.state}",
        role="img",
        aria_label=f"{round(100 * gone)} % of its time is gone",
        title=f"{round(100 * gone)} % of its time is gone",
    )


def waits_for(item: WorkItem) -> str:
    """What has not come, where something has not."""
    return f"waits for {' or '.join(item.awaits)}" if item.awaits else "breaks a rule"


def behind(item: WorkItem) -> Html:
    """The call that fails, with its error."""
    if not item.cause:
        return Html("")
    text = f"behind {item.cause}" + (f": {item.error}" if item.error else "")
    return _sub(text, "mp-work-cause")


def item_facts(item: WorkItem, reader: Reader) -> Html:
    """The facts of one object for the head of the pane."""
    parts = [
        money(item.amount, item.currency),
        item.customer or "no customer named",
        item.legal_entity or "entity unknown",
        join("stuck since ", instant(reader, item.started_at)),
        deadline_note(item, reader),
    ]
    return join(*(join(" · ", part) if number else part for number, part in enumerate(parts)))


def picked_words(picked: int, total: int) -> str:
    """How many are selected."""
    return f"{count_of(picked, 'object')} of {grouped(total)} selected"


def _whose(item: WorkItem) -> str:
    return " · ".join((item.customer or "no customer named", item.legal_entity or f"entity {UNKNOWN}"))


def _since(item: WorkItem, reader: Reader) -> str:
    return f"stuck for {duration(reader.now - item.started_at)}"


def _cell(name: str, *content: str) -> Html:
    return element("div", *content, class_=f"mp-cell-{name}")


def _sub(text: str, class_: str = "") -> Html:
    return element("span", text, class_=f"mp-sub {class_}".strip())
