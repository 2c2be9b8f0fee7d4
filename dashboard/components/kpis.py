"""KPIs as blocks of markup: tiles with their course, the table of all, and the cases and days behind one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from dashboard.components.cards import Tile, instant, money, trace_link
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, compact_money, count_of, duration, exact_money, grouped, percent
from domain.kpi import Figure, Kpi, Money, Origin, Unit
from storage.kpi_cases import CaseRow
from storage.kpi_values import Statement

_NONE = Html('<span class="mp-none">–</span>')
_HIDDEN = Decimal("0.0005")
_MANIFOLD = 9


def shown_value(kpi: Kpi, value: Decimal | None, currency: str) -> str:
    """A figure at a glance, in its unit."""
    if value is None:
        return UNKNOWN
    if kpi.unit is Unit.SECONDS:
        return duration(timedelta(seconds=float(value)))
    if kpi.unit is Unit.SHARE:
        return percent(float(value))
    return compact_money(value, currency) if kpi.unit is Unit.MONEY else grouped(value, ",.0f")


def change(kpi: Kpi, figure: Figure) -> str:
    """How a figure moved against the stretch before, in words; empty where one of the two is unknown or zero."""
    value, before = figure.value, figure.before
    if value is None or before is None or not before:
        return ""
    if kpi.unit is Unit.SHARE:
        points = (value - before) * 100
        return "unchanged" if abs(points) < Decimal("0.05") else f"{grouped(points, '+.1f')} points".replace("-", "−")
    share = (value - before) / abs(before)
    if abs(share) >= _MANIFOLD:
        # Such as beside a stretch in which hardly anything had begun to be sent.
        return "more than tenfold" if share > 0 else "turned negative"
    if abs(share) < _HIDDEN:
        return "unchanged"
    return f"{grouped(share * 100, '+,.0f')}\u202f%".replace("-", "−")


def kpi_tile(kpi: Kpi, figure: Figure, course: Sequence[float | None], before_words: str) -> Tile:
    """A figure with its target, its change and its course."""
    currency = figure.closed.money.reporting_currency
    met = kpi.is_met(figure.value)
    target = "" if kpi.target is None else f"target {shown_value(kpi, kpi.target, currency)}"
    moved = change(kpi, figure)
    unknown = figure.closed.money.unconverted if kpi.unit is Unit.MONEY else 0
    exact = exact_money(figure.value, currency) if kpi.unit is Unit.MONEY and figure.value is not None else None
    return Tile(
        kpi.title,
        shown_value(kpi, figure.value, currency),
        target or count_of(figure.closed.cases, "case"),
        exact=exact,
        tone="firing" if met is False else "plain",
        more=(
            f"{moved} against {before_words}" if moved else "",
            f"{count_of(unknown, 'case')} of unknown amount not in it" if unknown else "",
            figure.reason if figure.value is None else "",
        ),
        spark=tuple(course),
    )


def kpi_table(found: Sequence[tuple[Kpi, Figure]], address: Mapping[str, Sequence[str]], caption: str) -> Html:
    """Some KPIs, each with its target, what moved, and the cases that are still open; each opens what is behind it."""
    columns = (
        Column("KPI"),
        Column("Figure", "number"),
        Column("Target", "number"),
        Column("Change", "number"),
        Column("Cases", "number"),
        Column("Still open", "number"),
        Column("Money in open", "number"),
    )
    rows = [_kpi_row(kpi, figure, address) for kpi, figure in found]
    return table(columns, rows, caption=caption, class_="mp-kpis mp-cards-on-phone")


def _kpi_row(kpi: Kpi, figure: Figure, address: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    currency = figure.closed.money.reporting_currency
    href = f"?{urlencode({**address, 'kpi': kpi.id}, doseq=True)}"
    link = element("a", kpi.title, href=href, target="_self", class_="mp-link")
    about = element("span", f"{kpi.description} {_owner(kpi)}", class_="mp-sub")
    is_time = kpi.unit is Unit.SECONDS
    ninth = _sub(f"90\u202f% within {_seconds(figure.closed.p90)}") if is_time and figure.closed.cases else ""
    waiting = figure.open
    target = _NONE if kpi.target is None else shown_value(kpi, kpi.target, currency)
    return (
        join(link, about),
        join(_value(kpi, figure.value, currency), ninth, _reason(figure)),
        join(target, " ", _met(kpi.is_met(figure.value))),
        change(kpi, figure) or _NONE,
        grouped(figure.closed.cases),
        join(grouped(waiting.cases), _sub(f"oldest {_seconds(waiting.oldest_seconds)}") if waiting.cases else "")
        if is_time
        else _NONE,
        _summed(waiting.money) if is_time and waiting.cases else _NONE,
    )


def _owner(kpi: Kpi) -> str:
    return f"Owner: {kpi.owner.replace('_', ' ')}."


def _reason(figure: Figure) -> Html | str:
    """Why it is unknown, or what is not in it."""
    return _sub(figure.reason) if figure.reason else ""


def _sub(text: str) -> Html:
    return element("span", text, class_="mp-sub")


def parts_table(kpi: Kpi, found: Sequence[Figure], by: str) -> Html:
    """A KPI for each value of what tells its cases apart."""
    columns = (
        Column(by),
        Column("Figure", "number"),
        Column("Target"),
        Column("Change", "number"),
        Column("Cases", "number"),
        Column("Open", "number"),
    )
    rows = [
        (
            figure.label or UNKNOWN,
            join(_value(kpi, figure.value, figure.closed.money.reporting_currency), _reason(figure)),
            _met(kpi.is_met(figure.value)),
            change(kpi, figure) or _NONE,
            grouped(figure.closed.cases),
            grouped(figure.open.cases) if kpi.unit is Unit.SECONDS else _NONE,
        )
        for figure in found
    ]
    return table(columns, rows, caption=f"{kpi.title} by {by.lower()}")


def cases_table(kpi: Kpi, cases: Sequence[CaseRow], reader: Reader, *, is_open: bool) -> Html:
    """The cases behind a figure, each a link to its trace."""
    columns = (
        Column("Object"),
        Column("Entity"),
        Column("Amount", "number"),
        Column("From", "number"),
        Column("Until", "number"),
        Column("Waited" if is_open else "Took" if kpi.unit is Unit.SECONDS else "Counts", "number"),
    )
    rows = [
        (
            _what(kpi, case),
            case.legal_entity or UNKNOWN,
            money(case.amount, case.currency or None),
            instant(reader, case.started_at),
            instant(reader, case.ended_at) if case.ended_at else "open",
            _case_value(kpi, case, is_open=is_open),
        )
        for case in cases
    ]
    what = "still open" if is_open else "ended"
    return table(columns, rows, caption=f"Cases of {kpi.title} that {what}", class_="mp-cards-on-phone")


def _what(kpi: Kpi, case: CaseRow) -> Html:
    """The object of a case as a link to its trace; of a reading of a signal what it was of."""
    if kpi.cases.origin is Origin.SIGNAL:
        return join(case.handoff or case.source or "all", element("span", case.object_id, class_="mp-sub"))
    rule = f" · {case.rule}" if case.rule else ""
    return join(
        trace_link(f"{case.object_type}/{case.object_id}", case.object_id),
        element("span", f"{case.object_type}{rule}", class_="mp-sub"),
    )


def days_table(kpi: Kpi, statements: Sequence[Statement], reader: Reader, currency: str) -> Html:
    """What was stated of each day, the latest first, and what late events changed of it."""
    columns = (
        Column("Day (UTC)"),
        Column("Figure", "number"),
        Column("Cases", "number"),
        Column("Stated", "number"),
        Column("Restated"),
    )
    rows = [
        (
            f"{one.day.starts_at:%Y-%m-%d}",
            _value(kpi, one.day.value, currency),
            grouped(one.day.cases),
            instant(reader, one.stated_at),
            f"was {shown_value(kpi, one.first_value, currency)} at first" if one.is_restated else _NONE,
        )
        for one in reversed(statements)
    ]
    return table(columns, rows, caption=f"{kpi.title} day by day")


def spark_values(kpi: Kpi, course: Mapping[datetime, Figure], steps: Sequence[datetime]) -> list[float | None]:
    """The figure of each step for a tile's course; None where no case decides it."""
    values = [course[at].value if at in course else None for at in steps]
    return [None if value is None else float(value) for value in values]


def _value(kpi: Kpi, value: Decimal | None, currency: str) -> Html:
    title = exact_money(value, currency) if kpi.unit is Unit.MONEY and value is not None else None
    class_ = "mp-unknown" if value is None else None
    return element("span", shown_value(kpi, value, currency), title=title, class_=class_)


def _met(met: bool | None) -> Html:
    if met is None:
        return Html("")
    tone, word = ("in_time", "met") if met else ("firing", "missed")
    return element(
        "span", element("span", class_=f"mp-icon mp-icon-{tone}", aria_hidden="true"), word, class_=f"mp-chip mp-{tone}"
    )


def _seconds(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else duration(timedelta(seconds=seconds))


def _summed(found: Money) -> Html:
    """Money of open cases in the reporting currency, and how many are not in it."""
    text = compact_money(found.total, found.reporting_currency)
    more = _sub(f"and {grouped(found.unconverted)} unknown") if found.unconverted and found.total is not None else ""
    exact = "; ".join(
        f"{exact_money(one.amount, one.currency)}"
        if one.currency
        else f"{count_of(one.cases, 'case')} without an amount"
        for one in found.by_currency
    )
    return element("span", text, more, title=exact)


def _case_value(kpi: Kpi, case: CaseRow, *, is_open: bool) -> str:
    if case.value is None:
        return UNKNOWN
    if is_open or kpi.unit is Unit.SECONDS:
        return _seconds(case.value)
    return f"{case.value:+g}".replace("-", "−") if kpi.unit is not Unit.SHARE else ("yes" if case.value else "no")
