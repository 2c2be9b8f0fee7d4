"""The picture of a journey: lanes by system, milestones as marks, calls as bars, promises as bands."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import plotly.graph_objects as go

from dashboard.components.figures import base_layout, hover
from dashboard.components.palette import STATE_WORDS, Palette
from dashboard.formatting import Reader, duration
from domain.alert import AlertState
from storage.trace_view import AlertRecord, EventRecord, Journey, SpanRecord

# The order in which revenue work passes the systems; others follow by name.
SYSTEMS = ("crm", "cpq", "middleware", "erp", "billing", "tax", "payments")
_LANE = 46
_LETTER = 6.2
# A call takes milliseconds and a journey weeks: a bar is never drawn thinner than this share of the picture.
_THINNEST = 0.004


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of time a picture shows."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def holds(self, at: datetime) -> bool:
        return self.since <= at <= self.until


def systems_of(journey: Journey) -> list[str]:
    """The systems that say something in a journey, in the order in which work passes them."""
    found = {event.source for event in journey.events} | {span.service for span in journey.spans}
    return [*(name for name in SYSTEMS if name in found), *sorted(found - set(SYSTEMS))]


def whole(journey: Journey, reader: Reader) -> Span:
    """From the first sign to the last, and to now where something is still open."""
    instants = [event.occurred_at for event in journey.events] + [span.started_at for span in journey.spans]
    for alert in journey.alerts:
        instants += [alert.started_at, alert.resolved_at or alert.deadline_at]
        if alert.state.is_open:
            instants.append(reader.now)
    return _padded(min(instants, default=reader.now), max(instants, default=reader.now))


def around(alert: AlertRecord, reader: Reader) -> Span:
    """The stretch in which an alert's clock ran, and up to its end."""
    end = alert.resolved_at or max(reader.now, alert.deadline_at)
    return _padded(alert.started_at, max(end, alert.deadline_at))


def _padded(since: datetime, until: datetime) -> Span:
    margin = max((until - since) * 0.04, timedelta(seconds=2))
    return Span(since - margin, until + margin)


def timeline_figure(journey: Journey, shown: Span, reader: Reader, palette: Palette, width: int) -> go.Figure:
    """Milestones, traces, promises and alerts of a journey over time, one lane per system.

    `width` is about how many pixels there are, which decides the labels that fit; hovering tells the others.
    """
    alerts = [alert for alert in journey.alerts if alert.state is not AlertState.RETRACTED or len(journey.alerts) < 4][
        :6
    ]
    systems = systems_of(journey)
    lanes = [*(f"{alert.rule}" for alert in alerts), *systems]
    lane_of = {system: len(alerts) + index for index, system in enumerate(systems)}
    figure = go.Figure()
    _draw_grounds(figure, len(alerts), len(lanes), palette)
    for index, alert in enumerate(alerts):
        _draw_promise(figure, alert, index, len(lanes), shown, reader, palette)
    _draw_calls(figure, journey.spans, lane_of, shown, reader, palette)
    _draw_milestones(figure, journey.events, lane_of, shown, reader, palette, width)
    _draw_now(figure, shown, len(lanes), reader, palette)
    figure.update_layout(
        **base_layout(palette, height=_LANE * max(len(lanes), 1) + 56),
        showlegend=False,
        hovermode="closest",
        bargap=0,
    )
    figure.update_xaxes(
        range=[_at(shown.since, reader), _at(shown.until, reader)],
        type="date",
        showgrid=True,
        gridcolor=palette.line,
        griddash="dot",
        zeroline=False,
        side="bottom",
    )
    figure.update_yaxes(
        range=[len(lanes) - 0.5, -0.5],
        tickvals=list(range(len(lanes))),
        ticktext=lanes,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        automargin=True,
    )
    return figure


def _at(instant: datetime, reader: Reader) -> datetime:
    # Plotly knows no time zones: it shows what it is given, so it is given the reader's clock.
    return reader.local(instant).replace(tzinfo=None)


def _draw_grounds(figure: go.Figure, alerts: int, lanes: int, palette: Palette) -> None:
    for lane in range(lanes):
        if lane >= alerts and (lane - alerts) % 2 == 0:
            figure.add_hrect(y0=lane - 0.5, y1=lane + 0.5, fillcolor=palette.panel, line_width=0, layer="below")
    if alerts:
        figure.add_hline(y=alerts - 0.5, line={"color": palette.line, "width": 1})


def _draw_promise(
    figure: go.Figure, alert: AlertRecord, lane: int, lanes: int, shown: Span, reader: Reader, palette: Palette
) -> None:
    """The service window as a band that turns amber and red, its deadline as a line, the alert as a shade."""
    end = alert.resolved_at or (reader.now if alert.state.is_open else alert.changed_at)
    if alert.state is AlertState.SUSPENDED:
        _band(
            figure, lane, alert.started_at, end, palette.states[AlertState.SUSPENDED], "suspended", reader, hatched=True
        )
    else:
        turned = min(alert.at_risk_at or alert.deadline_at, alert.deadline_at)
        _band(figure, lane, alert.started_at, min(turned, end), palette.in_time, "in time", reader)
        _band(figure, lane, turned, min(alert.deadline_at, end), palette.at_risk, "at risk", reader)
        if alert.state is not AlertState.RETRACTED:
            _band(figure, lane, alert.deadline_at, end, palette.firing, "past its deadline", reader)
        if end < alert.deadline_at:
            _band(figure, lane, end, alert.deadline_at, palette.line, "left", reader)
    if alert.fired_at is not None and alert.state is not AlertState.RETRACTED and end > alert.fired_at:
        figure.add_shape(
            type="rect",
            x0=_at(alert.fired_at, reader),
            x1=_at(end, reader),
            y0=lane - 0.5,
            y1=lanes - 0.5,
            fillcolor=palette.firing,
            opacity=0.09,
            line_width=0,
            layer="below",
        )
    if shown.holds(alert.deadline_at):
        figure.add_shape(
            type="line",
            x0=_at(alert.deadline_at, reader),
            x1=_at(alert.deadline_at, reader),
            y0=lane - 0.5,
            y1=lanes - 0.5,
            line={"color": palette.firing, "width": 1.5, "dash": "dash"},
        )
    label = f"{STATE_WORDS[alert.state]} · deadline {reader.instant(alert.deadline_at)}"
    figure.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=lane - 0.28,
        text=label,
        showarrow=False,
        font={"size": 11, "color": palette.words[alert.state]},
    )


def _band(
    figure: go.Figure,
    lane: int,
    since: datetime,
    until: datetime,
    colour: str,
    word: str,
    reader: Reader,
    *,
    hatched: bool = False,
) -> None:
    if until <= since:
        return
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=[lane],
            base=[_at(since, reader)],
            x=[(until - since) / timedelta(milliseconds=1)],
            width=0.26,
            offset=-0.02,
            marker={
                "color": colour,
                "line": {"width": 0},
                "pattern": {"shape": "/" if hatched else "", "size": 6, "solidity": 0.4},
            },
            hovertemplate=hover(
                f"{word}: {duration(until - since)}", f"{reader.instant(since)} to {reader.instant(until)}"
            ),
        )
    )


def _draw_calls(
    figure: go.Figure,
    spans: Sequence[SpanRecord],
    lane_of: dict[str, int],
    shown: Span,
    reader: Reader,
    palette: Palette,
) -> None:
    """What each system did as bars, every failed call with a cross."""
    if spans:
        thinnest = shown.length * _THINNEST
        figure.add_trace(
            go.Bar(
                orientation="h",
                y=[lane_of[span.service] for span in spans],
                base=[_at(span.started_at, reader) for span in spans],
                x=[max(span.duration, thinnest) / timedelta(milliseconds=1) for span in spans],
                width=0.12,
                offset=0.24,
                marker={
                    "color": [palette.firing if span.is_error else palette.accent for span in spans],
                    "opacity": 0.7,
                    "line": {"width": 0},
                },
                hovertemplate=[
                    hover(
                        f"{span.service}: {span.name}",
                        span.error,
                        f"{reader.instant(span.started_at, seconds=True)}, {duration(span.duration)}",
                    )
                    for span in spans
                ],
            )
        )
    failures = [span for span in spans if span.is_error]
    if failures:
        figure.add_trace(
            go.Scatter(
                mode="markers",
                x=[_at(span.ended_at, reader) for span in failures],
                y=[lane_of[span.service] + 0.3 for span in failures],
                marker={
                    "symbol": "x",
                    "size": 9,
                    "color": palette.firing,
                    "line": {"width": 1, "color": palette.ground},
                },
                hovertemplate=[
                    hover(f"failed: {span.name}", span.error, reader.instant(span.ended_at, seconds=True))
                    for span in failures
                ],
            )
        )


def _draw_milestones(
    figure: go.Figure,
    events: Sequence[EventRecord],
    lane_of: dict[str, int],
    shown: Span,
    reader: Reader,
    palette: Palette,
    width: int,
) -> None:
    if not events:
        return
    labels = _labels_that_fit(events, lane_of, shown, width)
    figure.add_trace(
        go.Scatter(
            mode="markers+text",
            x=[_at(event.occurred_at, reader) for event in events],
            y=[lane_of[event.source] for event in events],
            text=[labels.get(index, ("", ""))[0] for index in range(len(events))],
            textposition=[labels.get(index, ("", "top right"))[1] for index in range(len(events))],
            textfont={"size": 11, "color": palette.text},
            cliponaxis=False,
            marker={
                "symbol": "circle",
                "size": 10,
                "color": palette.text,
                "line": {"width": 2, "color": palette.ground},
            },
            hovertemplate=[
                hover(
                    event.type,
                    f"{event.source}, {reader.instant(event.occurred_at, seconds=True)}",
                    ", ".join(str(each) for each, _ in event.objects),
                )
                for event in events
            ],
        )
    )


def _labels_that_fit(
    events: Sequence[EventRecord], lane_of: dict[str, int], shown: Span, room: int
) -> dict[int, tuple[str, str]]:
    """The labels that do not run into one another and their side, by the event's index."""
    taken: dict[int, list[tuple[float, float]]] = defaultdict(list)
    labels: dict[int, tuple[str, str]] = {}
    for index, event in enumerate(events):
        if not shown.holds(event.occurred_at):
            continue
        place = (event.occurred_at - shown.since) / shown.length * room
        width = len(event.type) * _LETTER + 8
        lane = taken[lane_of[event.source]]
        for side, start in (("top right", place), ("top left", place - width)):
            fits = start >= 0 and start + width <= room
            if fits and all(start + width < left or start > right for left, right in lane):
                labels[index] = (event.type, side)
                lane.append((start, start + width))
                break
    return labels


def _draw_now(figure: go.Figure, shown: Span, lanes: int, reader: Reader, palette: Palette) -> None:
    if not shown.holds(reader.now):
        return
    at = _at(reader.now, reader)
    figure.add_shape(
        type="line", x0=at, x1=at, y0=-0.5, y1=lanes - 0.5, line={"color": palette.muted, "width": 1, "dash": "dot"}
    )
    figure.add_annotation(
        x=at, y=-0.5, yanchor="bottom", text="now", showarrow=False, font={"size": 11, "color": palette.muted}
    )
