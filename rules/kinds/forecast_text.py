"""Why a clock is thought to miss its deadline, in sentences: by what cases, and how sure that is."""

from domain.alert import AlertState
from domain.duration import format_duration, write_duration
from domain.forecast_rule import ATTRIBUTE, ForecastRule, Segment
from domain.instants import format_instant
from domain.milestone import Milestone
from domain.survival import Chance
from rules.kinds.forecast import Ending, Outlook, Risk
from rules.told import Told


def reason(told: Told[Outlook]) -> str:
    """Why the alert stands as it does."""
    outlook, rule = told.case, told.case.rule
    if told.state is AlertState.RETRACTED:
        return f"Retracted: {_disproof(told)}"
    begun = f"{_event(outlook.start)} started the clock of {rule.target.name}"
    if told.state is AlertState.AT_RISK and outlook.risk:
        waited = format_duration(outlook.risk.waited)
        return f"{begun}, and {rule.target.to_type} has not followed for {waited}. {_risk(rule, outlook.risk, told)}."
    return f"{begun}, and {_ending(told)}."


def describe_segment(rule: ForecastRule, segment: Segment) -> str:
    """A segment as people read it; empty for all cases."""
    names = [name.removeprefix(ATTRIBUTE) for name in rule.segment] if segment else []
    return ", ".join(f"{name} {value}" for name, value in zip(names, segment, strict=True))


def percent(share: float) -> str:
    """A share in whole percent; what is neither all nor nothing is not shown as such."""
    rounded = round(share * 100)
    if rounded == 0 and share > 0:
        return "under 1%"
    return "over 99%" if rounded == 100 and share < 1 else f"{rounded}%"


def _risk(rule: ForecastRule, risk: Risk, told: Told[Outlook]) -> str:
    segment = describe_segment(rule, risk.segment)
    cases = (
        f"Of {risk.cases} such cases ({segment or 'all segments' if rule.segment else 'all'}, started in the "
        f"{write_duration(rule.learn_from)} before {format_instant(risk.learnt_at)}) {risk.chance.cases} waited longer"
    )
    limit = f"{format_duration(risk.window)}{' of counted time' if rule.target.calendar or rule.target.pause else ''}"
    deadline = format_instant(told.deadline_at)
    return f"{cases}; by these the chance to take more than {limit}, and so miss {deadline}, is {_chance(risk.chance)}"


def _chance(chance: Chance) -> str:
    return f"{percent(chance.chance)} ({percent(chance.low)} to {percent(chance.high)})"


def _disproof(told: Told[Outlook]) -> str:
    disproof = told.disproof
    if disproof is None or disproof.risk is None:
        name = told.case.rule.target.name
        return f"{_event(told.case.start)} does not start a clock under {name}, as later events show."
    return (
        f"as later events show, the clock had waited {format_duration(disproof.risk.waited)} of "
        f"{format_duration(disproof.risk.window)}, and the chance of missing was {_chance(disproof.risk.chance)} then."
    )


def _ending(told: Told[Outlook]) -> str:
    outlook, rule = told.case, told.case.rule
    deadline = format_instant(told.deadline_at)
    if outlook.ending is Ending.MISSED:
        return f"the deadline {deadline} passed without {rule.target.to_type}: {rule.target.name} tells of it now"
    if outlook.ending is Ending.UNLIKELY and outlook.risk:
        risk = outlook.risk
        return (
            f"by the {risk.cases} cases learnt from at {format_instant(risk.learnt_at)} the chance of missing "
            f"{deadline} is {_chance(risk.chance)}, less than {float(rule.chance * 100):g}%"
        )
    assert outlook.ended_by
    words = "followed" if outlook.ending is Ending.MET else "ended the duty"
    return f"{_event(outlook.ended_by)} {words}, in time for the deadline {deadline}"


def _event(milestone: Milestone) -> str:
    return f"{milestone.type} at {format_instant(milestone.occurred_at)} ({milestone.source})"
