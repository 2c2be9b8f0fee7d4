"""The readiness that is expected from now to the cutoff, as a figure and as its table."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.components.close import entity_name
from dashboard.components.figures import base_layout, hover, plain
from dashboard.components.markup import Html
from dashboard.components.palette import Palette
from dashboard.components.tables import Column, table
from dashboard.formatting import Reader, percent
from domain.close import EntityClose

_HEIGHT = 250
# Lines that lie over each other are told apart by their dashes and by their names.
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def course_figure(closes: Sequence[EntityClose], target: float, reader: Reader, palette: Palette) -> go.Figure:
    """A line per legal entity from now to its cutoff, and the target across."""
    figure = go.Figure()
    # Colours of states would say more than is meant.
    colours = (palette.accent, palette.text, palette.muted)
    for number, close in enumerate(closes):
        name = entity_name(close.legal_entity)
        figure.add_scatter(
            x=[reader.local(point.at).replace(tzinfo=None) for point in close.course],
            y=[100 * point.score for point in close.course],
            mode="lines",
            name=plain(name),
            line={"color": colours[number % len(colours)], "dash": _DASHES[number % len(_DASHES)], "width": 2},
            hovertemplate=[
                hover(f"{name}: {percent(point.score)}", reader.instant(point.at)) for point in close.course
            ],
        )
    _draw_target(figure, target, palette)
    figure.update_layout(
        **base_layout(palette, _HEIGHT) | {"margin": {"l": 44, "r": 8, "t": 10, "b": 34}},
        legend={"orientation": "h", "y": -0.22, "x": 0},
        showlegend=True,
    )
    figure.update_xaxes(showgrid=False, zeroline=False, fixedrange=True, nticks=5, tickangle=0, type="date")
    lowest = min(target, *(point.score for close in closes for point in close.course))
    room = max(100 * (1 - lowest) * 0.15, 0.05)
    figure.update_yaxes(
        gridcolor=palette.line,
        zeroline=False,
        fixedrange=True,
        ticksuffix=" %",
        nticks=5,
        range=[max(100 * lowest - room, 0), 100 + room],
    )
    return figure


def _draw_target(figure: go.Figure, target: float, palette: Palette) -> None:
    figure.add_hline(y=100 * target, line={"color": palette.muted, "width": 1, "dash": "dot"})
    place = {"x": 1, "y": 100 * target, "xref": "paper", "yref": "y", "xanchor": "right", "yanchor": "bottom"}
    text = plain(f"target {percent(target)}")
    figure.add_annotation(text=text, showarrow=False, font={"color": palette.muted}, **place)


def course_words(closes: Sequence[EntityClose], reader: Reader) -> str:
    """The figure for readers who cannot see it."""
    return "; ".join(
        f"{entity_name(close.legal_entity)} from {percent(close.course[0].score)} now to "
        f"{percent(close.course[-1].score)} at {reader.instant(close.course[-1].at)}"
        for close in closes
    )


def course_table(closes: Sequence[EntityClose], reader: Reader) -> Html:
    """The figure as a table: each legal entity now, half-way and at its cutoff."""
    columns = (
        Column("Legal entity"),
        Column("Now", "number"),
        Column("Half-way", "number"),
        Column("Cutoff", "number"),
    )
    rows = [
        (
            entity_name(close.legal_entity),
            percent(close.course[0].score),
            percent(close.course[len(close.course) // 2].score),
            f"{percent(close.course[-1].score)} at {reader.instant(close.course[-1].at)}",
        )
        for close in closes
    ]
    return table(columns, rows, caption="Expected readiness from now to the cutoff")
