"""From booked to collected: what each step came to, and what is missing since the one before."""

from collections.abc import Sequence
from decimal import Decimal

from dashboard.components.cards import money
from dashboard.components.markup import Html, element, join
from dashboard.formatting import compact_money, count_of, grouped
from domain.kpi import Figure


def funnel(steps: Sequence[tuple[str, Figure]]) -> Html:
    """The steps beside each other, bars to the scale of the largest; a step of unknown worth says so."""
    known = [figure.value for _, figure in steps if figure.value is not None]
    most = max(known, default=Decimal(0))
    cells = []
    before: Decimal | None = None
    for name, figure in steps:
        currency = figure.closed.money.reporting_currency
        share = 0 if not most or figure.value is None else max(round(100 * figure.value / most), 0)
        cells.append(
            element(
                "div",
                element("span", name, class_="mp-quiet"),
                element("div", element("b", money(figure.value, currency))),
                element("div", element("i", style=f"width:{share}%"), class_="mp-funnel-bar", aria_hidden="true"),
                element("span", _note(figure, before, currency), class_="mp-sub"),
                class_="mp-funnel-step",
            )
        )
        before = figure.value
    return element("div", cells, class_="mp-funnel", role="group", aria_label="From booked to collected")


def _note(figure: Figure, before: Decimal | None, currency: str) -> Html:
    parts = [count_of(figure.closed.cases, "case")]
    if before is not None and figure.value is not None and figure.value != before:
        gap = before - figure.value
        word = "less" if gap > 0 else "more"
        parts.append(f"{compact_money(abs(gap), currency)} {word} than the step before")
    if figure.closed.money.unconverted:
        parts.append(f"{grouped(figure.closed.money.unconverted)} of unknown worth not in it")
    return join(", ".join(parts))
