"""The course of one KPI: a figure, and the same as a table for whoever cannot see it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import plotly.graph_objects as go

from dashboard.components.figures import base_layout, hover
from dashboard.components.kpis import shown_value
from dashboard.components.markup import Html
from dashboard.components.palette import Palette
from dashboard.components.tables import Column, table
from dashboard.formatting import Reader, count_of, grouped
from domain.kpi import Figure, Kpi, Unit

_HEIGHT = 260
_SECONDS_OF = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))
Course = Sequence[tuple[datetime, Figure | None]]


def course_figure(kpi: Kpi, steps: Course, reader: Reader, palette: Palette, currency: str) -> go.Figure:
    """The figure of each step, with the target as a line; a step without one is a gap, and never zero."""
    scale, unit = _scale(kpi, steps, currency)
    values = [None if one is None or one.value is None else float(one.value) / scale for _, one in steps]
    figure = go.Figure()
    figure.add_scatter(
        x=[reader.local(at).replace(tzinfo=None) for at, _ in steps],
        y=values,
        mode="lines+markers",
        line={"color": palette.accent, "width": 2},
        marker={"size": 5},
        connectgaps=False,
        hovertemplate=[
            hover(
                _value(kpi, one, currency),
                f"from {reader.instant(at)}",
                f"{grouped(one.closed.cases)} cases" if one else "",
            )
            for at, one in steps
        ],
    )
    if kpi.target is not None:
        figure.add_hline(
            y=float(kpi.target) / scale,
            line={"color": palette.muted, "width": 1, "dash": "dash"},
            annotation={"text": f"target {shown_value(kpi, kpi.target, currency)}", "font": {"size": 11}},
            annotation_position="top left",
        )
    layout = base_layout(palette, _HEIGHT) | {"margin": {"l": 56, "r": 12, "t": 20, "b": 40}}
    figure.update_layout(**layout, showlegend=False)
    figure.update_xaxes(showgrid=False, fixedrange=True, type="date", nticks=6, tickangle=0)
    figure.update_yaxes(
        title={"text": unit, "font": {"size": 11}},
        gridcolor=palette.line,
        fixedrange=True,
        rangemode="tozero",
        tickformat=".0%" if kpi.unit is Unit.SHARE else None,
    )
    return figure


def course_words(kpi: Kpi, steps: Course, reader: Reader, currency: str) -> str:
    """The course in one sentence: where it began and ended, and its lowest and highest."""
    known = [(at, one.value) for at, one in steps if one is not None and one.value is not None]
    if not known:
        return "Nothing is known of its course in this time."
    (first_at, first), (last_at, last) = known[0], known[-1]
    (low_at, low), (high_at, high) = min(known, key=lambda one: one[1]), max(known, key=lambda one: one[1])

    def said(at: datetime, value: Decimal) -> str:
        return f"{shown_value(kpi, value, currency)} ({reader.instant(at)})"

    ends = f"From {said(first_at, first)} to {said(last_at, last)}"
    return f"{ends}; lowest {said(low_at, low)}, highest {said(high_at, high)}."


def course_table(kpi: Kpi, steps: Course, reader: Reader, currency: str) -> Html:
    """Each step with its figure and its cases."""
    columns = (Column("From"), Column("Figure", "number"), Column("Cases", "number"))
    rows = [
        (reader.instant(at), _value(kpi, one, currency), grouped(one.closed.cases) if one else "0") for at, one in steps
    ]
    return table(columns, rows, caption=f"The course of {kpi.title}")


def _value(kpi: Kpi, one: Figure | None, currency: str) -> str:
    return shown_value(kpi, one.value if one else None, currency)


def _cases(one: Figure | None) -> str:
    return count_of(one.closed.cases, "case") if one else ""


def _scale(kpi: Kpi, steps: Course, currency: str) -> tuple[int, str]:
    if kpi.unit is Unit.MONEY:
        return 1, currency
    if kpi.unit is not Unit.SECONDS:
        return 1, ""
    largest = max((float(one.value) for _, one in steps if one and one.value is not None), default=0.0)
    return next((scale, unit) for scale, unit in _SECONDS_OF if largest >= scale or scale == 1)
