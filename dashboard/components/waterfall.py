"""One trace hop by hop: a bar per span under its caller, failed ones with what went wrong beside them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import plotly.graph_objects as go

from dashboard.components.figures import base_layout, hover, plain
from dashboard.components.palette import Palette
from dashboard.formatting import Reader, count_of, duration
from domain.alert import AlertState
from storage.trace_view import SpanRecord

MOST_ROWS = 40
_ROW = 34
_THINNEST = 0.004


def traces_of(spans: Sequence[SpanRecord]) -> dict[str, list[SpanRecord]]:
    """The spans by trace, the earliest trace first."""
    traces: dict[str, list[SpanRecord]] = defaultdict(list)
    for span in spans:
        traces[span.trace_id].append(span)
    return dict(traces)


def trace_words(spans: Sequence[SpanRecord], reader: Reader) -> str:
    """A trace in a list: when it began, what began it, and how much of it failed."""
    first = min(spans, key=lambda span: span.started_at)
    failed = sum(span.is_error for span in spans)
    end = f"{failed} of {count_of(len(spans), 'span')} failed" if failed else count_of(len(spans), "span")
    return f"{reader.instant(first.started_at)} · {first.service}: {first.name} · {end}"


def nested(spans: Sequence[SpanRecord]) -> list[tuple[int, SpanRecord]]:
    """The spans as a tree read from the top, each with its depth; one whose caller is missing stands at the top."""
    known = {span.span_id for span in spans}
    children: dict[str, list[SpanRecord]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: (span.started_at, -span.duration, span.span_id)):
        is_root = span.parent_span_id not in known or span.parent_span_id == span.span_id
        children["" if is_root else span.parent_span_id].append(span)
    found: list[tuple[int, SpanRecord]] = []
    waiting = [(0, span) for span in reversed(children[""])]
    while waiting:
        depth, span = waiting.pop()
        found.append((depth, span))
        waiting += [(depth + 1, child) for child in reversed(children[span.span_id])]
    return found


def waterfall_figure(spans: Sequence[SpanRecord], reader: Reader, palette: Palette) -> go.Figure:
    """The trace over time since it began; long ones are cut to the first rows and every failure.

    What a span is stands above its bar and not beside it, so that it is read on a phone, too.
    """
    rows = _rows_that_fit(nested(spans))
    since = min(span.started_at for span in spans)
    length = max(max(span.ended_at for span in spans) - since, timedelta(milliseconds=1))
    unit, name = _unit_for(length)
    figure = go.Figure()
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=list(range(len(rows))),
            base=[(span.started_at - since) / unit for _, span in rows],
            x=[max(span.duration, length * _THINNEST) / unit for _, span in rows],
            width=0.2,
            offset=0.12,
            marker={
                "color": [palette.firing if span.is_error else palette.accent for _, span in rows],
                "line": {"width": 0},
            },
            hovertemplate=[_hover(span, reader) for _, span in rows],
        )
    )
    _draw_words(figure, rows, palette)
    figure.update_layout(**base_layout(palette, height=_ROW * len(rows) + 60), showlegend=False, bargap=0)
    figure.update_xaxes(
        range=[0, length / unit * 1.02],
        title={"text": f"{name} since {reader.instant(since, seconds=True)}", "font": {"size": 11}},
        showgrid=True,
        gridcolor=palette.line,
        griddash="dot",
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], visible=False, fixedrange=True)
    return figure


def _draw_words(figure: go.Figure, rows: list[tuple[int, SpanRecord]], palette: Palette) -> None:
    parents = {span.parent_span_id for _, span in rows if span.is_error}
    for row, (depth, span) in enumerate(rows):
        if row % 2 == 0:
            # Leads the eye from a span's words to its bar.
            figure.add_hrect(y0=row - 0.5, y1=row + 0.5, fillcolor=palette.panel, line_width=0, layer="below")
        figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=row - 0.16,
            text="\u2003" * depth + _label(span, palette, knows_why=span.span_id not in parents),
            showarrow=False,
            font={"size": 12},
        )


def _rows_that_fit(rows: list[tuple[int, SpanRecord]]) -> list[tuple[int, SpanRecord]]:
    if len(rows) <= MOST_ROWS:
        return rows
    failed = [index for index, (_, span) in enumerate(rows) if span.is_error][:MOST_ROWS]
    kept = {*failed, *range(MOST_ROWS - len(failed))}
    return [row for index, row in enumerate(rows) if index in kept]


def _unit_for(length: timedelta) -> tuple[timedelta, str]:
    if length < timedelta(seconds=5):
        return timedelta(milliseconds=1), "milliseconds"
    if length < timedelta(minutes=5):
        return timedelta(seconds=1), "seconds"
    return (timedelta(minutes=1), "minutes") if length < timedelta(hours=5) else (timedelta(hours=1), "hours")


def _label(span: SpanRecord, palette: Palette, *, knows_why: bool) -> str:
    """The span in a line; of a failure told from both ends only the deeper one says why."""
    parts = [f"<b>{plain(span.service)}</b> {plain(span.name)}", _coloured(duration(span.duration), palette.muted)]
    if span.is_error:
        parts.append(_coloured(f"✕ {plain(span.error) if knows_why else 'failed'}", palette.words[AlertState.FIRING]))
    return "  ".join(parts)


def _coloured(text: str, colour: str) -> str:
    return f'<span style="color:{colour}">{text}</span>'


def _hover(span: SpanRecord, reader: Reader) -> str:
    return hover(
        f"{span.service}: {span.name}",
        f"{span.kind.lower()}, {duration(span.duration)}",
        span.error,
        reader.instant(span.started_at, seconds=True),
    )
