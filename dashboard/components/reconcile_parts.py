"""An exception of reconciliation as markup: both sides next to each other, the difference, and what to do."""

from decimal import Decimal

from dashboard.components.cards import instant, money, trace_link
from dashboard.components.markup import Html, element, join
from dashboard.formatting import UNKNOWN, Reader, duration, exact_money
from domain.reconcile_rule import AMOUNT, CURRENCY
from rules.reconcile_exceptions import Comparison, SideSays
from storage.work_list import WorkItem


def exception(item: WorkItem, comparison: Comparison, reader: Reader) -> Html:
    """One exception, whole."""
    about = item.business_object
    head = element(
        "div",
        trace_link(str(about), f"{about.type} {about.id}"),
        element("span", f" {item.rule} · {item.customer or 'no customer named'} · {item.legal_entity or UNKNOWN} · "),
        money(item.amount, item.currency),
        element("span", f" · open for {duration(reader.now - item.started_at)}", class_="mp-quiet"),
    )
    sides = element(
        "div",
        _side(comparison.left, reader),
        _side(comparison.right, reader),
        element(
            "div",
            element("span", "Difference", class_="mp-quiet"),
            element("b", _difference(comparison), class_="mp-differs"),
            element("span", f"tolerance {comparison.tolerance}", class_="mp-sub"),
            class_="mp-side",
        ),
        class_="mp-sides",
    )
    what = element("div", reader.in_words(item.reason), class_="mp-quiet")
    suggestion = element("div", element("b", "Suggestion: "), comparison.suggestion)
    accepted = Html("")
    if item.accepted:
        words = (
            f"Accepted by {item.accepted.acted_by}, {reader.instant(item.accepted.acted_at)}: “{item.accepted.comment}”"
        )
        accepted = element("div", words, class_="mp-said")
    return element("div", head, sides, what, suggestion, accepted)


def _side(side: SideSays, reader: Reader) -> Html:
    said = [_said(name, value, side) for name, value in side.fields.items() if not _is_told_by_amount(name, side)]
    when = join("said ", instant(reader, side.at)) if side.at else "has said nothing"
    return element(
        "div",
        element("span", side.name, class_="mp-quiet"),
        said or element("b", "said something" if side.events else UNKNOWN),
        element("span", when, class_="mp-sub"),
        class_="mp-side",
    )


def _is_told_by_amount(name: str, side: SideSays) -> bool:
    return name == CURRENCY and side.fields.get(AMOUNT) is not None


def _said(name: str, value: str | Decimal | None, side: SideSays) -> Html:
    if value is None:
        return element("b", UNKNOWN, class_="mp-unknown")
    if name == AMOUNT and isinstance(value, Decimal):
        return element("b", exact_money(value, side.currency))
    return element("b", f"{name}: {value}")


def _difference(comparison: Comparison) -> str:
    if comparison.difference is not None:
        amount = exact_money(comparison.difference, comparison.left.currency)
        return f"+{amount}" if comparison.difference > 0 else amount
    if comparison.left.currency and comparison.right.currency and comparison.left.currency != comparison.right.currency:
        return "two currencies, which cannot be compared"
    differing = [name for name, value in comparison.left.fields.items() if value != comparison.right.fields.get(name)]
    return ", ".join(differing) or "one side is missing"
