"""Replays what judges no single object, traffic and objects that are alike, by the code of the live tick."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.alert import Alert
from domain.alike_rule import AlikeRule
from domain.duration import write_duration
from domain.instants import format_instant
from domain.kpi_watch import READ_EVERY
from domain.rule import Rule
from domain.series_rule import AbsenceRule, KpiThresholdRule, SeriesRule, ThresholdRule
from domain.signal import SIGNALS, Recorded
from domain.source_silence import Silences
from rules.alike import alike_alerts_over
from rules.replay import By, Span
from rules.series_alert import series_alerts
from rules.series_readers import READERS
from storage.client import Store
from storage.kpi_readings import read_hours
from storage.series import first_received, first_span_received


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why the store cannot say all that a rule would have told in a span; `is_all` where it can say nothing."""

    rule: Rule
    reason: str
    is_all: bool


def judges_traffic(rule: Rule) -> bool:
    """Whether a rule judges no single object, and so is replayed here."""
    return isinstance(rule, SeriesRule | AlikeRule)


def replay_traffic(store: Store, rule: Rule, span: Span, by: By, silences: Silences) -> Iterator[Alert]:
    """Every change of the rule's alerts by the end of the span, of each that may have changed in it.

    Of one alert in the order in which they became known; with each change there are those before it.
    """
    by_receipt = by is By.RECEIPT
    if isinstance(rule, AlikeRule):
        yield from alike_alerts_over(store, rule, span.through, by_receipt=by_receipt)
    elif isinstance(rule, SeriesRule):
        over = READERS[type(rule)].over
        told = over(store, rule, span.since, span.through, silences if by_receipt else None)
        yield from series_alerts(told, span.through)


def unanswered(store: Store, rule: Rule, span: Span, by: By) -> Unanswered | None:
    """What the store cannot say of a rule in a span; None where it can say all.

    Where nothing was stored yet, or not any more, nobody can tell a quiet time from one that is not known.
    """
    if isinstance(rule, KpiThresholdRule):
        return _unread(store, rule, span, by)
    if isinstance(rule, ThresholdRule):
        if by is By.OCCURRENCE:
            reason = f"{rule.signal} is measured by receipt, and cannot be told by occurrence"
            return Unanswered(rule, reason, is_all=True)
        what = SIGNALS[rule.signal].recorded
        since = span.since - rule.window
    elif isinstance(rule, AbsenceRule) and by is By.RECEIPT:
        what, since = Recorded.EVENTS, span.since
    else:
        return None
    first = _first(store, what, span.through)
    if first is None:
        return Unanswered(rule, f"no {what} received by {format_instant(span.until)} are stored", is_all=True)
    if first <= since:
        return None
    return Unanswered(rule, f"no {what} received before {format_instant(first)} are stored", is_all=False)


def _unread(store: Store, rule: KpiThresholdRule, span: Span, by: By) -> Unanswered | None:
    """Figures of KPIs are kept from when a rule first asks for them: before, nobody knows what was known."""
    if by is By.OCCURRENCE:
        reason = f"{rule.kpi} is judged by what was known at each hour, and cannot be told by occurrence"
        return Unanswered(rule, reason, is_all=True)
    told_apart = f" by {rule.dimension}" if rule.dimension else ""
    what = f"figures of {rule.kpi} over {write_duration(rule.window)}{told_apart}"
    hours = read_hours(store).get(rule.watch)
    if hours is None or hours.first > span.through:
        until = f" by {format_instant(span.until)}" if hours else ""
        reason = f"no {what} are kept{until}: they are from when a rule that runs first asks for them"
        return Unanswered(rule, reason, is_all=True)
    if hours.first <= span.since + READ_EVERY:
        return None
    return Unanswered(rule, f"no {what} are kept before {format_instant(hours.first)}", is_all=False)


def _first(store: Store, what: Recorded, through: datetime) -> datetime | None:
    return (first_span_received if what is Recorded.SPANS else first_received)(store, through)
