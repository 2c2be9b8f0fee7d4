"""The pauses that can move a clock are enough: with all of an object's pauses its schedule is the same."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, OpenHours, PauseStretch
from domain.milestone import Milestone
from domain.rule import MilestoneRule, Pause, SeverityStep
from rules.kinds.knowledge import known_from
from rules.kinds.milestone import IN_ORDER, Evidence, Schedule, make_schedule, pause_stretches, pauses_near
from rules.kinds.pauses import Pauses, PausesOfClock
from tests.unit.rules.histories import MINUTE, START, rule

_MORNINGS = Calendar("mornings", "UTC", ((OpenHours(timedelta(hours=9), timedelta(hours=10)),),) * 7)
_SEVERITY = (SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical"))
_RULES = st.builds(
    lambda within, calendar, at_risk: rule(
        within=within * MINUTE,
        calendar=calendar,
        at_risk=at_risk,
        severity=_SEVERITY,
        pause=Pause("held", "released"),
    ),
    st.integers(1, 12),
    st.sampled_from([None, _MORNINGS]),
    st.sampled_from([None, Fraction(3, 4)]),
)
_DELAYS = st.sampled_from([0, 0, 0, 1, 5, 30, 90])
_PAUSES = st.lists(st.tuples(st.sampled_from(["held", "released"]), st.integers(-15, 75), _DELAYS), max_size=40)
_ENDED = st.one_of(st.none(), st.integers(0, 60).map(lambda minutes: START + minutes * MINUTE))


def events(drawn: list[tuple[str, int, int]]) -> list[Milestone]:
    made = [
        Milestone(type_, START + at * MINUTE, START + (at + delay) * MINUTE, "crm", str(number))
        for number, (type_, at, delay) in enumerate(drawn)
    ]
    return sorted(made, key=IN_ORDER)


STARTING = Milestone("approved", START, START, "crm", "start")


def instants_of(schedule: Schedule) -> Schedule:
    return replace(schedule, evidence=Evidence(STARTING, None, None))


def evidence(ended_at: datetime | None) -> Evidence:
    to = replace(STARTING, type="posted", occurred_at=ended_at) if ended_at else None
    return Evidence(STARTING, to, None)


@settings(max_examples=400, deadline=None)
@given(_RULES, _PAUSES, _ENDED)
def test_at_one_instant(watched: MilestoneRule, drawn: list[tuple[str, int, int]], ended_at: datetime | None) -> None:
    every = pause_stretches(watched, events(drawn))
    near = pauses_near(watched, STARTING, ended_at, every)

    schedules = [make_schedule(watched, replace(evidence(ended_at), pauses=some)) for some in (every, near)]

    assert instants_of(schedules[1]) == instants_of(schedules[0])


@settings(max_examples=400, deadline=None)
@given(_RULES, _PAUSES, _ENDED, st.integers(0, 60))
def test_as_they_became_known(
    watched: MilestoneRule, drawn: list[tuple[str, int, int]], ended_at: datetime | None, since: int
) -> None:
    relevant = events(drawn)
    looked_from = START + since * MINUTE
    near = PausesOfClock(Pauses(watched, relevant), STARTING, looked_from)
    instants = sorted({looked_from, *(at for at in map(known_from, relevant) if at > looked_from)})
    looked_at: set[datetime] = set()
    found: list[tuple[PauseStretch, ...]] = []
    while len(found) < len(instants) or looked_at != near.instants:
        looked_at = near.instants
        found = [near.at(instant, ended_at) for instant in instants]

    told: list[Schedule] = []
    for instant, paused in zip(instants, found, strict=True):
        every = pause_stretches(watched, [m for m in relevant if known_from(m) <= instant])
        schedules = [
            instants_of(make_schedule(watched, replace(evidence(ended_at), pauses=some))) for some in (every, paused)
        ]
        assert schedules[1] == schedules[0]
        if told and schedules[0] != told[-1]:
            # Nothing changes but where it looks.
            assert instant in looked_at
        told.append(schedules[0])
