"""Figures as pure functions from rows to plotly: how work flows over time, and what they all have in common."""

from datetime import datetime, timedelta
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.components.palette import Palette
from dashboard.formatting import Reader, grouped, separators
from storage.overview import Throughput

FONT = "Inter, system-ui, sans-serif"
# What a reader may do with a figure: look. Zooming goes through the page, so that it stands in the URL.
CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}
# The order in which revenue work reaches its milestones; others follow by name.
MILESTONES = (
    "opportunity.won",
    "quote.created",
    "quote.approved",
    "order.created",
    "order.approved",
    "order.transmitted",
    "order.posted",
    "contract.activated",
    "billing.configured",
    "order.fulfilled",
    "invoice.issued",
    "invoice.posted",
    "invoice.visible_in_crm",
    "payment.received",
    "payment.visible_to_account",
    "payment.applied",
)
_ROW = 30


def base_layout(palette: Palette, height: int) -> dict[str, Any]:
    """What every figure shares: ground, type, margins, and how a hovered thing is described."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 20, "b": 42},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": palette.text},
        "hoverlabel": {
            "bgcolor": palette.ground,
            "bordercolor": palette.line,
            "font": {"family": FONT, "size": 12, "color": palette.text},
            "align": "left",
        },
        "dragmode": False,
        "barmode": "overlay",
        "uirevision": "kept",
        "separators": separators(),
    }


def plain(text: str) -> str:
    """Text as plotly shows it literally: it reads tags, entities and its own `%{…}`."""
    return escape(text, quote=False).replace("%", "&#37;")


def hover(*lines: str) -> str:
    """A description from lines of plain text."""
    return "<br>".join(plain(line) for line in lines if line) + "<extra></extra>"


def milestone_order(types: set[str]) -> list[str]:
    """Milestones in the order of the workflow, unknown ones after them by name."""
    return [*(type_ for type_ in MILESTONES if type_ in types), *sorted(types - set(MILESTONES))]


def throughput_figure(throughput: Throughput, types: list[str], reader: Reader, palette: Palette) -> go.Figure:
    """Each milestone's count over time as a row of bars to its own scale, its total on the right.

    Heights grow with the square root of the count: a burst must not flatten the quiet hours around it, for a
    quiet hour is what a stuck handoff looks like.
    """
    slices = slices_of(throughput)
    figure = make_subplots(rows=len(types), cols=1, shared_xaxes=True, vertical_spacing=0.15 / max(len(types), 1))
    for row, type_ in enumerate(types, start=1):
        _draw_row(figure, row, type_, throughput, slices, reader, palette)
    layout = base_layout(palette, height=_ROW * max(len(types), 1) + 40)
    figure.update_layout(**layout | {"margin": {"l": 168, "r": 52, "t": 6, "b": 40}}, showlegend=False)
    figure.update_xaxes(
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        type="date",
        range=[reader.local(at).replace(tzinfo=None) for at in (throughput.since, throughput.until)],
        tickangle=0,
        nticks=5,
    )
    return figure


def _draw_row(
    figure: go.Figure,
    row: int,
    type_: str,
    throughput: Throughput,
    slices: list[datetime],
    reader: Reader,
    palette: Palette,
) -> None:
    """One milestone's bars, its name on the left and its total on the right."""
    counts = throughput.counts.get(type_, {})
    figure.add_bar(
        x=[_shown_at(at, throughput.slice, reader) for at in slices],
        y=[counts.get(at, 0) ** 0.5 for at in slices],
        width=throughput.slice / timedelta(milliseconds=1) * 0.82,
        marker={"color": palette.accent, "line": {"width": 0}},
        hovertemplate=[hover(f"{type_}: {grouped(counts.get(at, 0))}", f"from {reader.instant(at)}") for at in slices],
        row=row,
        col=1,
    )
    figure.update_yaxes(
        range=[0, max([*counts.values(), 1]) ** 0.5 * 1.05],
        showgrid=False,
        zeroline=True,
        zerolinecolor=palette.line,
        showticklabels=False,
        fixedrange=True,
        row=row,
        col=1,
    )
    domain = figure.layout[f"yaxis{row if row > 1 else ''}"].domain
    for x, anchor, text in ((-0.008, "right", plain(type_)), (1.008, "left", grouped(sum(counts.values())))):
        place = {"xref": "paper", "yref": "paper", "x": x, "y": domain[0], "xanchor": anchor, "yanchor": "bottom"}
        figure.add_annotation(text=text, showarrow=False, **place)


def slices_of(throughput: Throughput) -> list[datetime]:
    """Every slice of a stretch of time, the empty ones too."""
    length = throughput.slice.total_seconds()
    at = datetime.fromtimestamp(throughput.since.timestamp() // length * length, throughput.since.tzinfo)
    slices = []
    while at < throughput.until:
        slices.append(at)
        at += throughput.slice
    return slices


def _shown_at(at: datetime, slice_: timedelta, reader: Reader) -> datetime:
    return (reader.local(at) + slice_ / 2).replace(tzinfo=None)
