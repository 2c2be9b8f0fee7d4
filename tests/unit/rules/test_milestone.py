"""The milestone kind by example: each line of its definition, with the quiet case beside the loud one."""

from datetime import timedelta
from fractions import Fraction

import pytest

from domain.calendar import Calendar, OpenHours
from domain.milestone import Milestone
from domain.rule import MilestoneRule, Override, Pairing, Pause, SeverityStep
from rules.kinds.milestone import Case, CaseState, judge
from tests.unit.rules.histories import LARGE, PLATINUM, at, event, rule

HOUR = timedelta(hours=1)
STEPS = (SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical"))


def the_case(rule_: MilestoneRule, history: list[Milestone], when: str) -> Case:
    (case,) = judge(rule_, history, at(when))
    return case


@pytest.mark.parametrize(
    ("when", "state"),
    [
        pytest.param("2h59m59s", CaseState.OPEN, id="open before three quarters of the window"),
        pytest.param("3h", CaseState.AT_RISK, id="at risk exactly then"),
        pytest.param("3h59m59s", CaseState.AT_RISK, id="at risk until the deadline"),
        pytest.param("4h", CaseState.FIRING, id="firing exactly at the deadline"),
        pytest.param("30d", CaseState.FIRING, id="firing for as long as nothing ends it"),
    ],
)
def test_time_alone_moves_a_clock_on(when: str, state: CaseState) -> None:
    case = the_case(rule(at_risk=Fraction(3, 4)), [event("approved", "0m")], when)
    assert (case.state, case.deadline_at) == (state, at("4h"))
    assert case.fired_at == (at("4h") if state is CaseState.FIRING else None)


@pytest.mark.parametrize(
    ("history", "state"),
    [
        pytest.param([("approved", "0m"), ("posted", "3h")], CaseState.IN_TIME, id="before the deadline"),
        pytest.param([("approved", "0m"), ("posted", "4h")], CaseState.IN_TIME, id="exactly at the deadline"),
        pytest.param([("approved", "0m"), ("posted", "4h1s")], CaseState.RESOLVED, id="after the deadline"),
        pytest.param([("approved", "0m"), ("posted", "0m")], CaseState.IN_TIME, id="at the same instant"),
        pytest.param([("approved", "0m"), ("posted", "-1h")], CaseState.FIRING, id="before it was owed"),
        pytest.param(
            [("approved", "0m"), ("posted", "-3m")], CaseState.FIRING, id="further before than clocks disagree"
        ),
        pytest.param([("approved", "0m"), ("posted", "-2m")], CaseState.IN_TIME, id="as far before as clocks disagree"),
        pytest.param([("approved", "0m"), ("cancelled", "4h")], CaseState.CANCELLED, id="cancelled at the deadline"),
        pytest.param([("approved", "0m"), ("cancelled", "5h")], CaseState.RESOLVED, id="cancelled after it"),
        pytest.param([("approved", "0m"), ("cancelled", "-1h")], CaseState.FIRING, id="cancelled before it began"),
        pytest.param(
            [("approved", "0m"), ("cancelled", "1h"), ("posted", "9h")], CaseState.CANCELLED, id="cancelled, then done"
        ),
        pytest.param(
            [("approved", "0m"), ("approved", "5h"), ("posted", "6h")], CaseState.RESOLVED, id="the first start counts"
        ),
        pytest.param([("posted", "1h")], None, id="nothing was owed"),
    ],
)
def test_what_ends_a_duty_and_when(history: list[tuple[str, str]], state: CaseState | None) -> None:
    watched = rule(unless=("cancelled",), skew=timedelta(minutes=2))
    cases = judge(watched, [event(*part) for part in history], at("10h"))
    assert [case.state for case in cases] == ([state] if state else [])


def test_a_resolved_alert_keeps_when_it_fired_and_says_what_ended_it() -> None:
    case = the_case(rule(severity=STEPS), [event("approved", "0m"), event("posted", "9h")], "20h")
    assert (case.fired_at, case.resolved_at, case.severity) == (at("4h"), at("9h"), "critical")
    assert case.ended_by == event("posted", "9h")
    assert case.next_change_at is None


def test_what_has_not_occurred_yet_does_not_count() -> None:
    history = [event("approved", "0m"), event("posted", "5h")]
    assert the_case(rule(), history, "4h30m").state is CaseState.FIRING
    assert judge(rule(), [event("approved", "5h", "0m")], at("4h")) == []


def test_pairing_each_starts_a_clock_at_every_start() -> None:
    history = [event("approved", "0m"), event("approved", "1h"), event("approved", "7h"), event("posted", "5h")]
    cases = judge(rule(pairing=Pairing.EACH), history, at("12h"))
    assert [(case.clock, case.state) for case in cases] == [
        ("crm\x1fapproved@0m", CaseState.RESOLVED),
        ("crm\x1fapproved@1h", CaseState.IN_TIME),
        ("crm\x1fapproved@7h", CaseState.FIRING),
    ]


def test_pairing_one_to_one_gives_every_start_its_own_end() -> None:
    history = [event("approved", "0m"), event("approved", "1h"), event("posted", "2h"), event("posted", "9h")]
    cases = judge(rule(pairing=Pairing.ONE_TO_ONE), history, at("12h"))
    assert [(case.state, case.ended_by and case.ended_by.event_id) for case in cases] == [
        (CaseState.IN_TIME, "posted@2h"),
        (CaseState.RESOLVED, "posted@9h"),
    ]


def test_a_condition_chooses_which_starts_count() -> None:
    small, large = event("approved", "0m"), event("approved", "2h", holds=frozenset({LARGE}))
    case = the_case(rule(where=LARGE), [small, large], "3h")
    assert case.started_at == at("2h")
    assert judge(rule(where=LARGE), [small], at("9h")) == []


def test_the_first_override_that_holds_sets_the_window() -> None:
    watched = rule(overrides=(Override(PLATINUM, HOUR), Override(LARGE, 2 * HOUR)))
    for holds, deadline in (
        (frozenset({PLATINUM, LARGE}), "1h"),
        (frozenset({LARGE}), "2h"),
        (frozenset[str](), "4h"),
    ):
        assert the_case(watched, [event("approved", "0m", holds=holds)], "0m").deadline_at == at(deadline)


def test_the_window_counts_in_the_calendar() -> None:
    calendar = Calendar("de_business", "Europe/Berlin", ((OpenHours(9 * HOUR, 17 * HOUR),),) * 5 + ((), ()))
    watched = rule(calendar=calendar, at_risk=Fraction(3, 4), severity=STEPS)
    # Monday 14:00 in Berlin: three hours are left of the day.
    case = the_case(watched, [event("approved", "4h")], "4h")
    assert (case.at_risk_at, case.deadline_at) == (at("7h"), at("1d"))
    assert the_case(watched, [event("approved", "4h")], "1d3h").severity == "warning"
    assert the_case(watched, [event("approved", "4h")], "1d4h").severity == "critical"


PAUSED = Pause("held", "released")


def test_a_pause_moves_every_instant_after_it() -> None:
    history = [event("approved", "0m"), event("held", "1h"), event("released", "3h")]
    case = the_case(rule(pause=PAUSED, at_risk=Fraction(1, 2)), history, "4h")
    assert (case.state, case.at_risk_at, case.deadline_at) == (CaseState.AT_RISK, at("4h"), at("6h"))


def test_while_a_pause_lasts_the_deadline_is_unknown_and_nothing_fires() -> None:
    history = [event("approved", "0m"), event("held", "3h")]
    case = the_case(rule(pause=PAUSED, at_risk=Fraction(1, 2)), history, "30d")
    assert (case.state, case.deadline_at, case.earliest_deadline_at) == (CaseState.AT_RISK, None, at("4h"))
    assert case.next_change_at is None


def test_a_pause_that_begins_once_it_is_late_changes_nothing() -> None:
    history = [event("approved", "0m"), event("held", "4h")]
    assert the_case(rule(pause=PAUSED), history, "5h").state is CaseState.FIRING


def test_shares_of_a_window_are_cut_to_microseconds() -> None:
    case = the_case(rule(within=timedelta(microseconds=10), at_risk=Fraction(1, 3)), [event("approved", "0m")], "0m")
    assert case.at_risk_at == at("0m") + timedelta(microseconds=3)


def test_the_next_change_names_what_comes_first() -> None:
    watched = rule(at_risk=Fraction(3, 4), severity=STEPS)
    changes = [the_case(watched, [event("approved", "0m")], when).next_change_at for when in ("0m", "3h", "4h", "8h")]
    assert changes == [at("3h"), at("4h"), at("8h"), None]
