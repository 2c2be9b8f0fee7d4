"""What a rule without a clock of its own must tell, found by asking a naive reading at every instant."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.alert import Alert, alert_id
from domain.business_object import BusinessObject
from domain.instants import from_micros
from domain.milestone import Milestone
from domain.rule import ObjectRule
from rules.told import LATE_GRACE


class Finding(NamedTuple):
    """One breach as the words describe it: which milestone shows it, from when it counts, what mended it when.

    Until it counts `before` stands, where there is one.
    """

    start: tuple[str, str]
    fires_at: datetime
    ended_at: datetime | None = None
    before: "Finding | None" = None


# What stands of an object, by clock, by the milestones known (each once, in order of occurrence).
Naive = Callable[[Sequence[Milestone]], Mapping[str, Finding]]
# When it became known, which alert, and: state, fired_at, resolved_at.
Change = tuple[datetime, str, tuple[str, datetime | None, datetime | None]]


def simulate(
    rule: ObjectRule, object_: BusinessObject, history: Sequence[Milestone], naive: Naive, through: datetime
) -> list[Change]:
    """Every change that is told by `through`."""
    agenda = {max(row.received_at, row.occurred_at) for row in history}
    agenda |= {instant + LATE_GRACE for instant in agenda}
    done: set[datetime] = set()
    told: dict[str, tuple[str, datetime | None, datetime | None]] = {}
    found_at: dict[str, datetime] = {}
    changes: list[Change] = []
    while agenda - done:
        now = min(agenda - done)
        done.add(now)
        if now > through:
            break
        findings = naive(known_by(history, now))
        for clock in sorted({*findings, *told, *found_at}):
            finding = findings.get(clock)
            if finding is None:
                found_at.pop(clock, None)
            else:
                agenda |= {finding.fires_at} if finding.fires_at > now else set()
                if finding.before and finding.fires_at > now:
                    finding = finding.before
                since = found_at.setdefault(clock, now)
                if finding.fires_at < since and now < since + LATE_GRACE:
                    continue
            new = _tell(told.get(clock), finding, now)
            if new is not None and new != told.get(clock):
                told[clock] = new
                changes.append((now, alert_id(rule.name, object_, clock), new))
    return sorted(changes, key=lambda change: change[:2])


def known_by(history: Sequence[Milestone], now: datetime) -> list[Milestone]:
    """Each milestone known by an instant once, as last known, in order of occurrence."""
    known: dict[tuple[str, str], Milestone] = {}
    for row in sorted(history, key=lambda row: row.received_at):
        if max(row.received_at, row.occurred_at) <= now:
            known[row.source, row.event_id] = row
    return sorted(known.values(), key=lambda row: row.order)


def told_changes(alerts: Sequence[Alert]) -> list[Change]:
    """The changes that alerts stand for, to be compared with a simulation; of money alone it says nothing."""
    last: dict[str, tuple[str, datetime | None, datetime | None]] = {}
    changes: list[Change] = []
    for alert in sorted(alerts, key=lambda alert: alert.version):
        told = (alert.state.value, alert.fired_at, alert.resolved_at)
        if last.get(alert.alert_id) != told:
            last[alert.alert_id] = told
            changes.append((from_micros(alert.version // 1000), alert.alert_id, told))
    return sorted(changes, key=lambda change: change[:2])


def _tell(
    before: tuple[str, datetime | None, datetime | None] | None, finding: Finding | None, now: datetime
) -> tuple[str, datetime | None, datetime | None] | None:
    if finding and finding.fires_at <= now and not (finding.ended_at and finding.ended_at <= finding.fires_at):
        return ("resolved" if finding.ended_at else "firing", finding.fires_at, finding.ended_at)
    if before is None or before[0] == "retracted":
        return before
    return ("retracted", before[1], None)
