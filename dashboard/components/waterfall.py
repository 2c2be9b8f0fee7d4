"""One trace hop by hop: a bar per span under its caller, failed ones with what went wrong beside them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import plotly.graph_objects as go

from dashboard.components.figures import base_layout, hover
from dashboard.components.palette import Palette
from dashboard.formatting import Reader, count_of, duration
from storage.trace_view import SpanRecord

MOST_ROWS = 40
_ROW = 26
_THINNEST = 0.004
_LONGEST_LABEL = 44


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
    """The trace over time since it began; long ones are cut to the first rows and every failure."""
    rows = _rows_that_fit(nested(spans))
    since = min(span.started_at for span in spans)
    length = max(max(span.ended_at for span in spans) - since, timedelta(milliseconds=1))
    unit, name = _unit_for(length)
    figure = go.Figure()
    colours = [palette.firing if span.is_error else palette.accent for _, span in rows]
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=list(range(len(rows))),
            base=[(span.started_at - since) / unit for _, span in rows],
            x=[max(span.duration, length * _THINNEST) / unit for _, span in rows],
            width=0.56,
            marker={"color": colours, "line": {"width": 0}},
            text=[_beside(span) for _, span in rows],
            textposition="outside",
            textfont={"size": 11, "color": [palette.firing if span.is_error else palette.muted for _, span in rows]},
            cliponaxis=False,
            hovertemplate=[_hover(span, reader) for _, span in rows],
        )
    )
    figure.update_layout(**base_layout(palette, height=_ROW * len(rows) + 58), showlegend=False, bargap=0)
    figure.update_xaxes(
        # Room on the right for what stands beside the last bars.
        range=[0, length / unit * 1.42],
        title={"text": f"{name} since {reader.instant(since, seconds=True)}", "font": {"size": 11, "color": palette.muted}},
        showgrid=True,
        gridcolor=palette.line,
        griddash="dot",
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6],
        tickvals=list(range(len(rows))),
        ticktext=[_label(depth, span) for depth, span in rows],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        automargin=True,
        tickfont={"size": 12},
    )
    return figure


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


def _label(depth: int, span: SpanRecord) -> str:
    text = f"{span.service}  {span.name}"
    short = text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
    # Plotly's text knows a few tags, and a span's name may hold their signs.
    return "\u2003" * depth + short.replace("<", "‹").replace(">", "›")


def _beside(span: SpanRecord) -> str:
    text = f"{duration(span.duration)}  ✕ {span.error}" if span.is_error else duration(span.duration)
    return text.replace("<", "‹").replace(">", "›")


def _hover(span: SpanRecord, reader: Reader) -> str:
    return hover(
        f"{span.service}: {span.name}",
        f"{span.kind.lower()}, {duration(span.duration)}",
        span.error,
        reader.instant(span.started_at, seconds=True),
    )
