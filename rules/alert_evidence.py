"""Collects what decided an alert, from the finding that is told: the events, the window, the pauses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.alert import AlertState
from domain.alert_evidence import (
    AlertEvidence,
    CalendarEvidence,
    EventEvidence,
    OverrideEvidence,
    PauseEvidence,
    PausesEvidence,
    PeriodEvidence,
    SuspendedEvidence,
)
from domain.calendar import Calendar
from domain.duration import write_duration
from domain.instants import LATEST
from domain.milestone import Milestone
from domain.reconcile_rule import ReconcileRule
from rules.kinds.breach import Breach
from rules.kinds.forecast import Outlook
from rules.kinds.milestone import Case, override_of
from rules.told import Told

# Of many pauses so many are named from the beginning and so many from the end; the rest is counted.
_NAMED_PAUSES = 3


def evidence_of(told: Told[Any]) -> AlertEvidence:
    """What decided the alert; of a retracted one, what shows it wrong where there is such a finding."""
    finding: Case | Breach | Outlook = told.disproof or told.case
    suspended = None
    if told.unknown:
        suspended = SuspendedEvidence(told.unknown.since, told.unknown.event_type, told.unknown.sources)
    if isinstance(finding, Outlook):
        finding = finding.case
    if isinstance(finding, Case):
        return _of_clock(finding, suspended, is_wrong=told.state is AlertState.RETRACTED)
    return AlertEvidence(
        started_by=_event(finding.start),
        stopped_by=_event(finding.ended_by) if finding.ended_by else None,
        events=tuple(_event(milestone) for milestone in finding.others),
        awaits=() if finding.ended_by or told.state is AlertState.RETRACTED else finding.missing,
        within=write_duration(finding.within) if finding.within is not None else None,
        calendar=calendar_evidence(finding.rule.calendar) if isinstance(finding.rule, ReconcileRule) else None,
        suspended=suspended,
    )


def calendar_evidence(calendar: Calendar | None) -> CalendarEvidence | None:
    """How a calendar is named; None where every hour counts."""
    return CalendarEvidence(calendar.name, calendar.time_zone) if calendar else None


def _of_clock(case: Case, suspended: SuspendedEvidence | None, *, is_wrong: bool) -> AlertEvidence:
    rule, ended_by = case.rule, case.ended_by
    override = override_of(rule, case.start)
    is_forgiven = ended_by is not None and ended_by.occurred_at < case.started_at
    return AlertEvidence(
        started_by=_event(case.start),
        stopped_by=_event(ended_by) if ended_by else None,
        awaits=() if ended_by or is_wrong else (rule.to_type,),
        within=write_duration(case.within),
        override=OverrideEvidence(override.where, write_duration(override.within)) if override else None,
        calendar=calendar_evidence(rule.calendar),
        period=PeriodEvidence(case.period.name, case.period.cutoff_at) if case.period else None,
        skew=write_duration(rule.skew) if is_forgiven else None,
        pauses=_pauses(case),
        suspended=suspended,
    )


def _pauses(case: Case) -> PausesEvidence | None:
    """The pauses that bear on the deadline: those in the time from the start until the clock was stopped or ran out."""
    end = min(case.ended_by.occurred_at if case.ended_by else LATEST, case.deadline_at or LATEST)
    bearing = [
        (max(begin, case.started_at), until)
        for begin, until in case.pauses
        if begin < end and (until is None or until > max(begin, case.started_at))
    ]
    merged = _merged(bearing)
    if not merged:
        return None
    last = merged[max(_NAMED_PAUSES, len(merged) - _NAMED_PAUSES) :]
    return PausesEvidence(len(merged), tuple(merged[:_NAMED_PAUSES]), tuple(last))


def _merged(pauses: Sequence[tuple[datetime, datetime | None]]) -> list[PauseEvidence]:
    """Pauses in order of their beginning, those that overlap or touch as one."""
    merged: list[PauseEvidence] = []
    for begin, until in pauses:
        last = merged[-1] if merged else None
        if last is None or (last.until is not None and last.until < begin):
            merged.append(PauseEvidence(begin, until))
        elif last.until is not None and (until is None or until > last.until):
            merged[-1] = PauseEvidence(last.since, until)
    return merged


def _event(milestone: Milestone) -> EventEvidence:
    return EventEvidence(
        milestone.type, milestone.source, milestone.event_id, milestone.occurred_at, milestone.received_at
    )
