"""What is told of one clock, and which new verdict changes it."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.alert import AlertState
from rules.kinds.milestone import Case, CaseState

_STATES = {
    CaseState.AT_RISK: AlertState.AT_RISK,
    CaseState.FIRING: AlertState.FIRING,
    CaseState.RESOLVED: AlertState.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """An alert's state with the verdict behind it.

    For a retracted alert `case` is what had been told of it and `disproof` the verdict that shows it wrong,
    None where the clock no longer exists.
    """

    state: AlertState
    case: Case
    severity: str
    deadline_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    changed_at: datetime
    disproof: Case | None = None

    @property
    def gist(self) -> Hashable:
        """What makes two tellings the same."""
        facts = self.case.start.facts
        is_paused = self.case.deadline_at is None
        return (
            (self.state, self.severity, self.deadline_at, self.fired_at, self.resolved_at, is_paused),
            (facts.amount, facts.currency, facts.legal_entity, facts.region),
        )


def tell(case: Case) -> Told | None:
    """What a verdict says to somebody who had heard nothing; None where there is nothing to alert of."""
    state = _STATES.get(case.state)
    if state is None:
        return None
    # The deadline may lie before the instant a severity step was reached, or after the one of being at risk.
    since = case.resolved_at or max(
        instant for instant in (case.fired_at or case.at_risk_at, case.severity_since) if instant
    )
    return Told(
        state=state,
        case=case,
        severity=case.severity,
        deadline_at=case.deadline_at or case.earliest_deadline_at,
        fired_at=case.fired_at,
        resolved_at=case.resolved_at,
        changed_at=since,
    )


def retell(told: Told | None, case: Case | None, known_at: datetime) -> Told | None:
    """What is told after a verdict that became known at `known_at`; `told` itself where nothing changes."""
    new = tell(case) if case else None
    if new is None and told is not None:
        new = _withdraw(told, case, known_at)
    if new is None or (told is not None and new.gist == told.gist):
        return told
    return new


def _withdraw(told: Told, case: Case | None, known_at: datetime) -> Told:
    """What becomes of an alert when the verdict no longer is one."""
    if told.state is AlertState.RETRACTED:
        return told
    ended_in_time = case is not None and case.state in (CaseState.IN_TIME, CaseState.CANCELLED)
    if case is not None and case.ended_by is not None and ended_in_time and told.fired_at is None:
        # It was at risk, as told, and then went well.
        return Told(
            state=AlertState.RESOLVED,
            case=case,
            severity=case.severity,
            deadline_at=case.deadline_at or case.earliest_deadline_at,
            fired_at=None,
            resolved_at=case.ended_by.occurred_at,
            changed_at=case.ended_by.occurred_at,
        )
    return replace(told, state=AlertState.RETRACTED, resolved_at=None, changed_at=known_at, disproof=case)
