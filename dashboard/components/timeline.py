"""The picture of a journey: lanes by system, milestones as marks, calls as bars, promises as bands."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import plotly.graph_objects as go

from dashboard.components.figures import base_layout, hover, plain
from dashboard.components.palette import STATE_WORDS, Palette
from dashboard.components.verdict import by_gravity
from dashboard.formatting import Reader, duration
from domain.alert import AlertState
from storage.trace_view import AlertRecord, EventRecord, Journey, SpanRecord

# The order in which revenue work passes the systems; others follow by name.
SYSTEMS = ("crm", "cpq", "middleware", "erp", "billing", "tax", "payments")
_LANE = 46
_LETTER = 6.2
# More promises than these are left to the list of objects: the lanes below them must stay in sight.
_MOST_PROMISES = 6
# A call takes milliseconds and a journey weeks: a bar is never drawn thinner than this share of the picture.
_THINNEST = 0.004


@dataclass(frozen=True, slots=True)
class Shown:
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


def whole(journey: Journey, reader: Reader) -> Shown:
    """From the first sign to the last, and to now where something is still open."""
    instants = [event.occurred_at for event in journey.events] + [span.started_at for span in journey.spans]
    for alert in journey.alerts:
        instants += [alert.started_at, alert.resolved_at or alert.deadline_at]
        if alert.state.is_open:
            instants.append(reader.now)
    return _padded(min(instants, default=reader.now), max(instants, default=reader.now))


def around(alert: AlertRecord, reader: Reader) -> Shown:
    """The stretch in which an alert's clock ran, and up to its end."""
    end = alert.resolved_at or max(reader.now, alert.deadline_at)
    return _padded(alert.started_at, max(end, alert.deadline_at))


def _padded(since: datetime, until: datetime) -> Shown:
    margin = max((until - since) * 0.04, timedelta(seconds=2))
    return Shown(since - margin, until + margin)


def timeline_figure(journey: Journey, shown: Shown, reader: Reader, palette: Palette, width: int) -> go.Figure:
    """Milestones, calls, promises and alerts of a journey over time, one lane per system.

    `width` is about how many pixels there are, which decides the labels that fit; hovering tells the others.
    """
    alerts = sorted(by_gravity(journey.alerts)[:_MOST_PROMISES], key=lambda alert: alert.started_at)
    picture = _Picture(alerts, systems_of(journey), shown, reader, palette)
    picture.draw_grounds()
    for lane, alert in enumerate(alerts):
        picture.draw_promise(alert, lane)
        picture.draw_alert(alert, lane)
    picture.draw_calls(journey.spans)
    picture.draw_milestones(journey.events, width)
    picture.draw_now()
    return picture.figure


class _Picture:
    """The figure while it is drawn: which lane is whose, what stretch is shown, to whom."""

    def __init__(
        self, alerts: Sequence[AlertRecord], systems: Sequence[str], shown: Shown, reader: Reader, palette: Palette
    ) -> None:
        self._promises = len(alerts)
        self._lanes = len(alerts) + len(systems)
        self._lane_of = {system: len(alerts) + index for index, system in enumerate(systems)}
        self._shown, self._reader, self._palette = shown, reader, palette
        self.figure = go.Figure()
        self.figure.update_layout(
            **base_layout(palette, height=_LANE * max(self._lanes, 1) + 56),
            showlegend=False,
            hovermode="closest",
            bargap=0,
        )
        self.figure.update_xaxes(
            range=[self._at(shown.since), self._at(shown.until)],
            type="date",
            gridcolor=palette.line,
            griddash="dot",
            zeroline=False,
        )
        self.figure.update_yaxes(
            range=[self._lanes - 0.5, -0.5],
            tickvals=list(range(self._lanes)),
            ticktext=[*(plain(alert.rule) for alert in alerts), *map(plain, systems)],
            showgrid=False,
            zeroline=False,
            fixedrange=True,
            automargin=True,
        )

    def _at(self, instant: datetime) -> datetime:
        # Plotly knows no time zones: it shows what it is given, so it is given the reader's clock.
        return self._reader.local(instant).replace(tzinfo=None)

    def draw_grounds(self) -> None:
        """Every other system's lane, shaded, and a line between promises and systems."""
        for lane in range(self._promises, self._lanes, 2):
            self.figure.add_hrect(
                y0=lane - 0.5, y1=lane + 0.5, fillcolor=self._palette.panel, line_width=0, layer="below"
            )
        if self._promises:
            self.figure.add_hline(y=self._promises - 0.5, line={"color": self._palette.line, "width": 1})

    def draw_promise(self, alert: AlertRecord, lane: int) -> None:
        """The service window as a band that turns amber and red."""
        palette, end = self._palette, self._end_of(alert)
        if alert.state is AlertState.SUSPENDED:
            colour = palette.states[AlertState.SUSPENDED]
            self._band(lane, alert.started_at, end, colour, "suspended", hatched=True)
            return
        turned = min(alert.at_risk_at or alert.deadline_at, alert.deadline_at)
        self._band(lane, alert.started_at, min(turned, end), palette.in_time, "in time")
        self._band(lane, turned, min(alert.deadline_at, end), palette.at_risk, "at risk")
        self._band(lane, end, alert.deadline_at, palette.line, "left")
        if alert.state is not AlertState.RETRACTED:
            self._band(lane, alert.deadline_at, end, palette.firing, "past its deadline")

    def draw_alert(self, alert: AlertRecord, lane: int) -> None:
        """The time an alert fired as a shade over every lane, its deadline as a line, its state in words."""
        colour, end = self._palette.firing, self._end_of(alert)
        below = {"y0": lane - 0.5, "y1": self._lanes - 0.5}
        if alert.fired_at is not None and alert.state is not AlertState.RETRACTED and end > alert.fired_at:
            self.figure.add_shape(
                type="rect",
                x0=self._at(alert.fired_at),
                x1=self._at(end),
                fillcolor=colour,
                opacity=0.09,
                line_width=0,
                layer="below",
                **below,
            )
        if self._shown.holds(alert.deadline_at):
            at = self._at(alert.deadline_at)
            line = {"color": colour, "width": 1.5, "dash": "dash"}
            self.figure.add_shape(type="line", x0=at, x1=at, line=line, **below)
        self.figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=lane - 0.28,
            text=f"{STATE_WORDS[alert.state]} · deadline {self._reader.instant(alert.deadline_at)}",
            showarrow=False,
            font={"size": 11, "color": self._palette.words[alert.state]},
        )

    def _end_of(self, alert: AlertRecord) -> datetime:
        return alert.resolved_at or (self._reader.now if alert.state.is_open else alert.changed_at)

    def _band(
        self, lane: int, since: datetime, until: datetime, colour: str, word: str, *, hatched: bool = False
    ) -> None:
        if until <= since:
            return
        reader = self._reader
        self.figure.add_bar(
            orientation="h",
            y=[lane],
            base=[self._at(since)],
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

    def draw_calls(self, spans: Sequence[SpanRecord]) -> None:
        """What each system did as bars, every failed call with a cross."""
        thinnest, palette = self._shown.length * _THINNEST, self._palette
        self.figure.add_bar(
            orientation="h",
            y=[self._lane_of[span.service] for span in spans],
            base=[self._at(span.started_at) for span in spans],
            x=[max(span.duration, thinnest) / timedelta(milliseconds=1) for span in spans],
            width=0.12,
            offset=0.24,
            marker={
                "color": [palette.firing if span.is_error else palette.accent for span in spans],
                "opacity": 0.7,
                "line": {"width": 0},
            },
            hovertemplate=[self._about(span) for span in spans],
        )
        failures = [span for span in spans if span.is_error]
        self.figure.add_scatter(
            mode="markers",
            x=[self._at(span.ended_at) for span in failures],
            y=[self._lane_of[span.service] + 0.3 for span in failures],
            marker={"symbol": "x", "size": 9, "color": palette.firing, "line": {"width": 1, "color": palette.ground}},
            hovertemplate=[self._about(span) for span in failures],
        )

    def _about(self, span: SpanRecord) -> str:
        when = f"{self._reader.instant(span.started_at, seconds=True)}, {duration(span.duration)}"
        return hover(f"{span.service}: {span.name}", span.error, when)

    def draw_milestones(self, events: Sequence[EventRecord], width: int) -> None:
        """Each event as a mark on its system's lane, named where there is room."""
        labels = _labels_that_fit(events, self._shown, width)
        self.figure.add_scatter(
            mode="markers+text",
            x=[self._at(event.occurred_at) for event in events],
            y=[self._lane_of[event.source] for event in events],
            text=[plain(event.type) if index in labels else "" for index, event in enumerate(events)],
            textposition=[labels.get(index, "top right") for index in range(len(events))],
            textfont={"size": 11, "color": self._palette.text},
            cliponaxis=False,
            marker={"size": 10, "color": self._palette.text, "line": {"width": 2, "color": self._palette.ground}},
            hovertemplate=[
                hover(
                    event.type,
                    f"{event.source}, {self._reader.instant(event.occurred_at, seconds=True)}",
                    ", ".join(str(each) for each, _ in event.objects),
                )
                for event in events
            ],
        )

    def draw_now(self) -> None:
        """The instant at which the reader looks, where it is in sight."""
        if not self._shown.holds(self._reader.now):
            return
        at, colour = self._at(self._reader.now), self._palette.muted
        line = {"color": colour, "width": 1, "dash": "dot"}
        self.figure.add_shape(type="line", x0=at, x1=at, y0=-0.5, y1=self._lanes - 0.5, line=line)
        font = {"size": 11, "color": colour}
        self.figure.add_annotation(x=at, y=-0.5, yanchor="bottom", text="now", showarrow=False, font=font)


def _labels_that_fit(events: Sequence[EventRecord], shown: Shown, room: int) -> dict[int, str]:
    """The side on which each label stands, by the event's index; one that would run into another has none."""
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    labels: dict[int, str] = {}
    for index, event in enumerate(events):
        if not shown.holds(event.occurred_at):
            continue
        place = (event.occurred_at - shown.since) / shown.length * room
        width = len(event.type) * _LETTER + 8
        lane = taken[event.source]
        for side, start in (("top right", place), ("top left", place - width)):
            fits = start >= 0 and start + width <= room
            if fits and all(start + width <= left or start >= right for left, right in lane):
                labels[index] = side
                lane.append((start, start + width))
                break
    return labels
