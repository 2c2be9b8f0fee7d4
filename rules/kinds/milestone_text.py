"""Why an alert of a milestone rule stands as it does, in sentences with every instant that matters."""

from domain.alert import AlertState
from domain.duration import format_duration
from domain.instants import format_instant
from domain.milestone import Milestone
from rules.kinds.milestone import Case, CaseState
from rules.told import Told

_UNKNOWN = "unknown"


def reason(told: Told[Case]) -> str:
    """Why the alert stands as it does, in sentences with every instant that matters."""
    case = told.case
    begun = f"{_event(case.start)} started the clock"
    if told.state is AlertState.RETRACTED:
        return f"Retracted: {_disproof(told)}"
    if told.state is AlertState.AT_RISK:
        return f"{begun}; {case.rule.to_type} has not followed, and {_due(told)}."
    if told.state is AlertState.FIRING:
        return f"{begun}, and {case.rule.to_type} did not follow {_within(case)}, by {_deadline(told)}."
    return f"{begun}, and {_ending(told)}."


def _disproof(told: Told[Case]) -> str:
    case = told.disproof
    if case is None:
        return f"{_event(told.case.start)} does not start a clock under this rule, as later events show."
    deadline = format_instant(case.deadline_at or case.earliest_deadline_at)
    if case.state in (CaseState.IN_TIME, CaseState.CANCELLED) and case.ended_by:
        return (
            f"{_event(case.ended_by)} was in time, the deadline being {deadline}; "
            f"that became known at {format_instant(told.changed_at)}."
        )
    if case.deadline_at is None:
        return "later events show that the clock was paused before the deadline."
    return f"later events show that {case.rule.to_type} is due by {deadline} only."


def _due(told: Told[Case]) -> str:
    case = told.case
    at_risk_at = format_instant(case.at_risk_at) if case.at_risk_at else _UNKNOWN
    words = f"{float(100 * (case.rule.at_risk or 0)):g}% of {_window(case)} had passed at {at_risk_at}"
    if case.deadline_at is None:
        return f"{words}; the clock is paused now, and the deadline is {_deadline(told)} at the earliest"
    return f"{words}; the deadline is {_deadline(told)}"


def _ending(told: Told[Case]) -> str:
    case = told.case
    if case.ended_by is None:
        raise ValueError("a resolved alert has an ending")
    met = case.ended_by.type == case.rule.to_type
    ended = f"{_event(case.ended_by)} {'followed' if met else 'ended the duty'}"
    if told.fired_at is None:
        return f"{ended}, in time for the deadline {_deadline(told)}"
    late_by = format_duration(case.ended_by.occurred_at - told.deadline_at)
    return f"{ended}, {late_by} after the deadline {_deadline(told)}"


def _within(case: Case) -> str:
    if case.period:
        return f"before the cutoff of period {case.period.name}"
    return f"within {_window(case)}"


def _window(case: Case) -> str:
    if case.period:
        return f"the time until the cutoff of period {case.period.name}"
    words = format_duration(case.within)
    if case.rule.calendar:
        words += f" of open time in {case.rule.calendar.name}"
    if case.rule.pause:
        words += f", not counting {case.rule.pause.from_type} to {case.rule.pause.until_type}"
    return words


def _deadline(told: Told[Case]) -> str:
    return format_instant(told.deadline_at)


def _event(milestone: Milestone) -> str:
    return f"{milestone.type} at {format_instant(milestone.occurred_at)} ({milestone.source})"
