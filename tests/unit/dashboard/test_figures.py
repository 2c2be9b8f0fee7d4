"""Figures are pure functions: the same rows, the same picture."""

from datetime import timedelta
from typing import Any

from dashboard.components.figures import milestone_order, slices_of, throughput_figure
from dashboard.components.palette import DARK, LIGHT
from dashboard.components.timeline import around, timeline_figure, whole
from dashboard.components.waterfall import MOST_ROWS, nested, waterfall_figure
from domain.alert import AlertState
from storage.overview import Throughput
from tests.builders import NOW
from tests.unit.dashboard.journeys import READER, alert_record, event, journey, span

HOUR = timedelta(hours=1)


def test_milestones_stand_in_the_order_of_the_workflow_and_unknown_ones_last() -> None:
    assert milestone_order({"zebra.seen", "order.posted", "quote.approved"}) == [
        "quote.approved",
        "order.posted",
        "zebra.seen",
    ]


def test_a_slice_without_events_is_drawn_as_zero_and_the_total_is_exact() -> None:
    throughput = Throughput(NOW - 3 * HOUR, NOW, HOUR, {"order.posted": {NOW - HOUR: 9}})

    figure = throughput_figure(throughput, ["order.posted"], READER, LIGHT)

    assert slices_of(throughput) == [NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR]
    assert list(figure.data[0].y) == [0, 0, 3]
    assert [note.text for note in figure.layout.annotations] == ["order.posted", "9"]


def test_a_firing_promise_is_a_band_that_turns_amber_and_red() -> None:
    figure = timeline_figure(journey(alerts=(alert_record(),)), whole(journey(), READER), READER, LIGHT, 900)

    bands = [trace.marker.color for trace in figure.data[:3]]
    assert bands == [LIGHT.in_time, LIGHT.at_risk, LIGHT.firing]


def test_a_promise_kept_in_time_has_no_red() -> None:
    at_risk = alert_record(AlertState.AT_RISK, deadline_at=NOW + HOUR, fired_at=None)
    figure = timeline_figure(journey(alerts=(at_risk,)), whole(journey(), READER), READER, DARK, 900)

    assert [trace.marker.color for trace in figure.data[:3]] == [DARK.in_time, DARK.at_risk, DARK.line]


def test_the_picture_of_an_open_alert_reaches_to_now() -> None:
    alert = alert_record()
    shown = whole(journey(alerts=(alert,), events=(event(),)), READER)

    assert shown.holds(alert.started_at)
    assert shown.holds(NOW)
    assert around(alert, READER).holds(alert.deadline_at)


def test_labels_that_would_run_into_each_other_are_left_to_hovering() -> None:
    events = tuple(event("order.approved", event_id=str(number)) for number in range(5))
    shown = whole(journey(events=events, alerts=(alert_record(),)), READER)

    figure = timeline_figure(journey(events=events), shown, READER, LIGHT, 900)

    marks = next(trace for trace in figure.data if getattr(trace, "mode", "") == "markers+text")
    assert [text for text in marks.text if text] == ["order.approved"] * 2
    assert len(marks.x) == 5


def test_a_type_that_is_markup_is_drawn_as_text() -> None:
    link = '<a href="https://elsewhere.example">here</a>'
    throughput = Throughput(NOW - 3 * HOUR, NOW, HOUR, {link: {NOW - HOUR: 9}})

    bars = throughput_figure(throughput, [link], READER, LIGHT)
    marked = journey(events=(event(link),))
    marks = timeline_figure(marked, whole(marked, READER), READER, LIGHT, 2000)

    assert "<a" not in bars.to_json().replace("\\u003c", "<")
    assert "<a" not in marks.to_json().replace("\\u003c", "<")
    assert "&lt;a" in marks.to_json()


def test_spans_stand_under_their_callers_whatever_order_they_came_in() -> None:
    spans = [span("child", "root", started_at=NOW), span("stray", "lost", started_at=NOW + HOUR), span("root")]

    assert [(depth, each.span_id) for depth, each in nested(spans)] == [(0, "root"), (1, "child"), (0, "stray")]


def test_spans_that_call_each_other_in_a_circle_end() -> None:
    assert nested([span("a", "b"), span("b", "a"), span("c", "c")]) == [(0, span("c", "c"))]


def test_the_error_stands_beside_the_deepest_failure_only() -> None:
    failed: dict[str, Any] = {"is_error": True, "message": "period <locked> at 100%"}
    figure = waterfall_figure([span("a", **failed), span("b", "a", **failed)], READER, LIGHT)

    words = [note.text for note in figure.layout.annotations]
    assert "✕ failed" in words[0]
    assert "✕ period &lt;locked&gt; at 100&#37;" in words[1]
    assert list(figure.data[0].marker.color) == [LIGHT.firing] * 2


def test_a_long_trace_is_cut_but_keeps_its_failures() -> None:
    spans = [span(str(number), started_at=NOW + timedelta(seconds=number)) for number in range(100)]
    spans.append(span("broken", started_at=NOW + timedelta(seconds=101), is_error=True, message="gone"))

    figure = waterfall_figure(spans, READER, LIGHT)

    assert len(figure.data[0].y) == MOST_ROWS
    assert "gone" in figure.layout.annotations[-1].text
