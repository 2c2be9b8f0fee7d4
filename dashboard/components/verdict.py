"""What a journey comes to, in words: where it is stuck, since when, and the hop that broke with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dashboard.components.amounts import disagreement
from dashboard.formatting import Reader, count_of, duration
from domain.alert import AlertState
from storage.trace_view import AlertRecord, EventRecord, Journey, SpanRecord

# States by how much they ask of the reader.
_GRAVITY = (AlertState.FIRING, AlertState.SUSPENDED, AlertState.AT_RISK, AlertState.RESOLVED, AlertState.RETRACTED)


@dataclass(frozen=True, slots=True)
class BrokenHop:
    """The call that failed: who called whom, how often, and what the called system said."""

    caller: str
    called: str
    operation: str
    error: str
    tries: int
    last: SpanRecord
    has_recovered: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a journey; `tone` is an alert state's word or `in_time`."""

    tone: str
    headline: str
    detail: str
    hop: BrokenHop | None


def verdict_of(journey: Journey, reader: Reader) -> Verdict:
    """What to say first about a journey."""
    alert = gravest(journey.alerts)
    hop = broken_hop(_spans_about(journey, alert), alert)
    last = last_milestone(journey.events)
    reached = f"Last milestone: {last.type} in {last.source}, {reader.ago(last.occurred_at)}." if last else ""
    differs = disagreement(journey.events)
    if alert is None:
        if differs:
            return Verdict("at_risk", "No deadline is missed, but amounts differ", f"{differs}. {reached}", hop)
        return Verdict("in_time", "No deadline is missed", reached, hop)
    match alert.state:
        case AlertState.FIRING:
            late = duration(reader.now - alert.deadline_at)
            headline = f"{alert.business_object} is stuck: {alert.rule}, {late} past its deadline"
        case AlertState.AT_RISK:
            left = max(alert.deadline_at - reader.now, timedelta(0))
            headline = f"{alert.business_object} is at risk: {alert.rule}, {duration(left)} to its deadline"
        case AlertState.SUSPENDED:
            headline = f"{alert.business_object}: {alert.rule} cannot be judged while a source is silent"
        case AlertState.RESOLVED:
            ended = alert.resolved_at or alert.changed_at
            late = duration(ended - alert.deadline_at)
            headline = f"{alert.business_object} was late: {alert.rule}, resolved {late} past its deadline"
        case AlertState.RETRACTED:
            headline = f"{alert.business_object} was in time after all: {alert.rule} is retracted"
    sentences = (_sentence(reader.in_words(alert.reason)), f"Amounts differ: {differs}." if differs else "", reached)
    return Verdict(str(alert.state), headline, " ".join(filter(None, sentences)), hop)


def gravest(alerts: Sequence[AlertRecord]) -> AlertRecord | None:
    """The alert that asks most of the reader."""
    return next(iter(by_gravity(alerts)), None)


def by_gravity(alerts: Sequence[AlertRecord]) -> list[AlertRecord]:
    """The alerts by how much they ask of the reader; among equals the earliest deadline first."""
    return sorted(alerts, key=lambda alert: (_GRAVITY.index(alert.state), alert.deadline_at))


def last_milestone(events: Sequence[EventRecord]) -> EventRecord | None:
    """The latest event."""
    return max(events, key=lambda event: event.occurred_at, default=None)


def broken_hop(spans: Sequence[SpanRecord], alert: AlertRecord | None) -> BrokenHop | None:
    """The failing call behind an alert; without an alert, the last call that failed; None where none did.

    A failure is told from both ends; the deepest span is the one that knows why.
    """
    within = [
        span
        for span in spans
        if alert is None or (span.started_at >= alert.started_at - timedelta(minutes=5) and _until(alert, span))
    ]
    failed = [span for span in within if span.is_error]
    parents = {span.parent_span_id for span in failed}
    deepest = [span for span in failed if span.span_id not in parents]
    if not deepest:
        return None
    last = max(deepest, key=lambda span: span.started_at)
    by_id = {span.span_id: span for span in spans}
    same = [span for span in deepest if (span.service, span.name) == (last.service, last.name)]
    parent = by_id.get(last.parent_span_id)
    recovered = any(
        not span.is_error
        and (span.service, span.name) == (last.service, last.name)
        and span.started_at > last.started_at
        for span in spans
        if span.trace_id == last.trace_id
    )
    caller = parent.service if parent and parent.service != last.service else ""
    return BrokenHop(caller, last.service, last.name, last.error, len(same), last, recovered)


def _spans_about(journey: Journey, alert: AlertRecord | None) -> Sequence[SpanRecord]:
    """The spans of the traces in which the alert's object was spoken of; a journey may hold other runs, too."""
    if alert is None:
        return journey.spans
    traces = set(alert.trace_ids)
    for event in journey.events:
        if any(each == alert.business_object for each, _ in event.objects):
            traces.add(event.trace_id)
    return [span for span in journey.spans if span.trace_id in traces]


def _until(alert: AlertRecord, span: SpanRecord) -> bool:
    return alert.resolved_at is None or span.started_at <= alert.resolved_at


def hop_words(hop: BrokenHop, reader: Reader) -> str:
    """The broken hop as a sentence."""
    way = f"{hop.caller} → {hop.called}" if hop.caller else hop.called
    end = "then it succeeded" if hop.has_recovered else f"last {reader.ago(hop.last.ended_at)}"
    return f"{way}: {hop.operation} failed {count_of(hop.tries, 'time')}, {end}"


def _sentence(text: str) -> str:
    trimmed = text.strip()
    if not trimmed:
        return ""
    return trimmed if trimmed[-1] in ".!?" else f"{trimmed}."
