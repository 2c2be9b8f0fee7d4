"""What a forecast tells of one object, to the microsecond, with curves given by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np

from domain.alert import AlertState
from domain.calendar import Calendar, OpenHours
from domain.forecast_rule import EVERYTHING, ForecastRule, Segment
from domain.kaplan_meier import estimate
from domain.milestone import Facts, Milestone
from domain.rule import Pause
from domain.survival import SurvivalCurve
from rules.alert_state import alerts_at, next_due, transitions
from rules.forecast_learning import KeptForecasts
from tests.unit.rules.histories import ORDER, at, event, rule

HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
# The instants of the grid before and after the tests' beginning, 2026-01-05T09:00:00Z.
BEFORE, NEXT = at("-9h"), at("15h")


def curve(*took: tuple[int, float]) -> SurvivalCurve:
    """The curve of so many cases that took so many hours each."""
    times = np.array([hours * 3_600_000_000 for count, hours in took for _ in range(count)], dtype=np.int64)
    return estimate(times, np.ones(len(times), dtype=np.bool_))


# Of 100 cases 10 miss four hours; of the 12 that wait for more than three, ten.
MOSTLY_QUICK = curve((60, 1), (28, 3), (2, 3.5), (10, 6))


def forecast(
    curves: Mapping[Segment, SurvivalCurve] | None = None,
    later: Mapping[datetime, Mapping[Segment, SurvivalCurve]] | None = None,
    **changes: object,
) -> ForecastRule:
    """An order is likely not posted within 4 h, by the curves learnt before and at later instants."""
    target = changes.pop("target", rule())
    known = {EVERYTHING: MOSTLY_QUICK} if curves is None else curves
    plain = ForecastRule(
        group="g",
        name="OrderLikelyLate",
        version="f1",
        object_type="order",
        target=target,  # type: ignore[arg-type]
        chance=Fraction(4, 5),
        learn_from=90 * DAY,
        at_least=30,
        forecasts=KeptForecasts(lambda instant: (later or {}).get(instant, known)),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def told(one: ForecastRule, *history: Milestone, through: str = "3d") -> list[tuple[AlertState, datetime]]:
    """The states of the alert, each with the instant from which it is told."""
    return [(alert.state, alert.changed_at) for alert in transitions(one, ORDER, history, None, at(through))]


APPROVED = event("approved", "0m")


def test_a_clock_is_at_risk_from_the_instant_its_chance_reaches_the_rules() -> None:
    one = forecast()

    assert told(one, APPROVED, through="3h") == [(AlertState.AT_RISK, at("3h"))]
    assert transitions(one, ORDER, [APPROVED], None, at("3h") - MICROSECOND) == []
    assert next_due(one, [APPROVED], at("1h")) == at("3h")
    assert next_due(one, [APPROVED], at("3h")) == at("4h")


def test_the_reason_says_by_what_cases_and_how_sure_that_is() -> None:
    one = forecast({EVERYTHING: curve((1, 1)), ("EMEA",): MOSTLY_QUICK}, segment=("region",))
    approved = event("approved", "0m", facts=Facts(region="EMEA"))

    (alert,) = transitions(one, ORDER, [approved], None, at("3h"))

    assert alert.reason == (
        "approved at 2026-01-05T09:00:00Z (crm) started the clock of OrderNotPosted, and posted has not followed for "
        "3 h. Of 100 such cases (region EMEA, started in the 90d before 2026-01-05T00:00:00Z) 12 waited longer; by "
        "these the chance to take more than 4 h, and so miss 2026-01-05T13:00:00Z, is 83% (48% to 96%)."
    )
    assert (alert.deadline_at, alert.fired_at, alert.severity) == (at("4h"), None, "warning")


def test_an_object_that_makes_it_in_time_is_resolved_with_it() -> None:
    alerts = transitions(forecast(), ORDER, [APPROVED, event("posted", "4h")], None, at("1d"))

    assert [(alert.state, alert.resolved_at) for alert in alerts] == [
        (AlertState.AT_RISK, None),
        (AlertState.RESOLVED, at("4h")),
    ]
    assert alerts[-1].reason.endswith(
        "and posted at 2026-01-05T13:00:00Z (crm) followed, in time for the deadline 2026-01-05T13:00:00Z."
    )


def test_one_that_comes_at_the_instant_it_would_be_at_risk_stays_quiet() -> None:
    assert told(forecast(), APPROVED, event("posted", "3h")) == []


def test_when_the_deadline_passes_the_milestone_rule_tells_of_it() -> None:
    alerts = transitions(forecast(), ORDER, [APPROVED, event("posted", "9h")], None, at("1d"))

    assert [(alert.state, alert.changed_at) for alert in alerts] == [
        (AlertState.AT_RISK, at("3h")),
        (AlertState.RESOLVED, at("4h")),
    ]
    assert alerts[-1].reason.endswith(
        "and the deadline 2026-01-05T13:00:00Z passed without posted: OrderNotPosted tells of it now."
    )


def test_one_that_was_in_time_after_all_is_resolved_anew() -> None:
    late = event("posted", "3h30m", "5h")

    assert told(forecast(), APPROVED, late) == [
        (AlertState.AT_RISK, at("3h")),
        (AlertState.RESOLVED, at("4h")),
        (AlertState.RESOLVED, at("3h30m")),
    ]


def test_a_later_curve_may_say_otherwise_and_again() -> None:
    one = forecast(
        target=rule(within=timedelta(hours=40)),
        curves={EVERYTHING: curve((50, 10), (50, 60))},
        later={NEXT: {EVERYTHING: curve((50, 10), (50, 30), (10, 60))}},
        chance=Fraction(4, 5),
    )

    changes = transitions(one, ORDER, [APPROVED], None, at("39h"))

    # From 30 h on ten of ten miss by the curve of the next midnight, and by that of the one after fifty of fifty.
    assert [(alert.state, alert.changed_at) for alert in changes] == [
        (AlertState.AT_RISK, at("10h")),
        (AlertState.RESOLVED, NEXT),
        (AlertState.AT_RISK, at("30h")),
    ]
    assert changes[1].reason.endswith(
        "and by the 110 cases learnt from at 2026-01-06T00:00:00Z the chance of missing 2026-01-07T01:00:00Z is 17% "
        "(9% to 27%), less than 80%."
    )


def test_the_time_that_counts_is_that_of_the_calendar_less_pauses() -> None:
    office = Calendar("office", "UTC", ((OpenHours(8 * HOUR, 10 * HOUR),),) * 7)
    # An hour is left on Monday, two on Tuesday: the third hour of the clock ends with the latter.
    assert told(forecast(target=rule(calendar=office)), APPROVED, through="4d")[0] == (AlertState.AT_RISK, at("1d1h"))
    paused = forecast(target=rule(pause=Pause("held", "released")))
    history = [APPROVED, event("held", "2h"), event("released", "7h")]
    assert told(paused, *history, through="8h") == [(AlertState.AT_RISK, at("8h"))]


def test_what_ends_in_a_pause_is_known_as_it_is_told() -> None:
    paused = forecast(target=rule(pause=Pause("held", "released")))
    alerts = transitions(paused, ORDER, [APPROVED, event("held", "3h30m")], None, at("2d"))

    assert [(alert.state, alert.changed_at, alert.deadline_at) for alert in alerts] == [
        (AlertState.AT_RISK, at("3h"), at("4h")),
        (AlertState.AT_RISK, at("3h30m"), at("4h")),
    ]


def test_a_pause_that_becomes_known_later_takes_back_what_was_told() -> None:
    paused = forecast(target=rule(pause=Pause("held", "released")))
    history = [APPROVED, event("held", "1h", "3h30m"), event("released", "2h", "3h30m")]

    assert told(paused, *history, through="3h45m") == [
        (AlertState.AT_RISK, at("3h")),
        (AlertState.RETRACTED, at("3h30m")),
    ]
    assert told(paused, *history, through="4h")[-1] == (AlertState.AT_RISK, at("4h"))


def test_nothing_is_told_where_too_few_cases_completed() -> None:
    few = {EVERYTHING: curve((19, 1), (10, 6))}

    assert told(forecast(few), APPROVED) == []
    assert told(forecast({}), APPROVED) == []
    assert told(forecast(few, at_least=29), APPROVED, through="1h") == [(AlertState.AT_RISK, at("1h"))]


def test_a_segment_with_too_few_cases_is_judged_by_all() -> None:
    curves = {EVERYTHING: MOSTLY_QUICK, ("EMEA",): curve((20, 1), (80, 6))}
    one = forecast(curves, segment=("region",))

    assert told(one, event("approved", "0m", facts=Facts(region="EMEA")), through="0m") == [
        (AlertState.AT_RISK, at("0m"))
    ]
    assert told(one, event("approved", "0m", facts=Facts(region="APAC")), through="3h") == [
        (AlertState.AT_RISK, at("3h"))
    ]
    assert told(one, APPROVED, through="3h") == [(AlertState.AT_RISK, at("3h"))]


def test_beyond_the_longest_observation_nothing_is_told() -> None:
    hours = np.array([1] * 40 + [3] * 20, dtype=np.int64) * 3_600_000_000
    censored = estimate(hours, np.array([True] * 40 + [False] * 20))

    # Twenty waited for three hours and were not seen after that: whether they took more than four is not known.
    assert told(forecast({EVERYTHING: censored}), APPROVED) == []


def test_nothing_is_told_by_fewer_than_five_cases_that_waited_as_long() -> None:
    assert told(forecast({EVERYTHING: curve((96, 1), (4, 6))}), APPROVED) == []
    assert told(forecast({EVERYTHING: curve((95, 1), (5, 6))}), APPROVED, through="3h") == [
        (AlertState.AT_RISK, at("1h"))
    ]


def test_a_start_that_becomes_known_late_waits_for_what_an_import_brings_next() -> None:
    start = event("approved", "0m", "3h30m")

    assert told(forecast(), start, event("posted", "1h", "3h30m2s")) == []
    assert told(forecast(), start, through="3h50m") == [(AlertState.AT_RISK, at("3h30m5s"))]
    assert told(forecast(), event("approved", "0m", "5h")) == []


def test_an_override_and_a_condition_are_those_of_the_milestone_rule() -> None:
    assert told(forecast(target=rule(where="amount > 1"), where="amount > 1"), APPROVED) == []
    assert told(forecast(target=rule(unless=("cancelled",))), APPROVED, event("cancelled", "2h")) == []


def test_what_stands_at_an_instant_is_what_was_told() -> None:
    assert [alert.changed_at for alert in alerts_at(forecast(), ORDER, [APPROVED], at("3h30m"))] == [at("3h")]
    assert alerts_at(forecast(), ORDER, [APPROVED], at("2h59m")) == []
    assert alerts_at(forecast(), ORDER, [APPROVED], at("4h")) == []
