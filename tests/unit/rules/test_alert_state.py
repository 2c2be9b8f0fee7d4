"""Alerts as they become known: what is told, when, and in which words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from domain.alert import Alert, AlertState, alert_id
from domain.calendar import Calendar, OpenHours
from domain.milestone import Facts, Milestone
from domain.period import Periods
from domain.rule import MilestoneRule, Pairing, Pause, SeverityStep
from rules.alert_state import advance, alerts_at, next_due, transitions
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, at, event, rule

HOUR = timedelta(hours=1)
WATCHED = rule(
    at_risk=Fraction(3, 4),
    severity=(SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical")),
    unless=("cancelled",),
)
APPROVED = event("approved", "0m")


def told(history: list[Milestone], through: str = "10d", watched: MilestoneRule = WATCHED) -> list[Alert]:
    return transitions(watched, ORDER, history, None, at(through))


def states(alerts: list[Alert]) -> list[tuple[str, str]]:
    """Each alert's state and when it changed, as an offset in minutes."""
    return [(alert.state.value, f"{(alert.changed_at - at('0m')) // timedelta(minutes=1)}m") for alert in alerts]


def test_a_clock_that_nothing_stops_goes_through_every_state_in_its_own_time() -> None:
    alerts = told([APPROVED])
    assert [(alert.state, alert.severity, alert.changed_at) for alert in alerts] == [
        (AlertState.AT_RISK, "warning", at("3h")),
        (AlertState.FIRING, "warning", at("4h")),
        (AlertState.FIRING, "critical", at("8h")),
    ]
    assert {alert.fired_at for alert in alerts} == {None, at("4h")}
    assert [alert.version for alert in alerts] == sorted({alert.version for alert in alerts})
    assert {alert.recorded_at for alert in alerts} == {at("10d")}


def test_a_clock_that_is_stopped_early_is_never_told() -> None:
    assert told([APPROVED, event("posted", "2h")]) == []


def test_an_alert_at_risk_that_ends_in_time_resolves_without_having_fired() -> None:
    alerts = told([APPROVED, event("posted", "3h30m")])
    assert states(alerts) == [("at_risk", "180m"), ("resolved", "210m")]
    assert (alerts[-1].fired_at, alerts[-1].resolved_at) == (None, at("3h30m"))


def test_an_alert_that_fired_resolves_when_its_milestone_comes() -> None:
    alerts = told([APPROVED, event("posted", "5h")])
    assert states(alerts) == [("at_risk", "180m"), ("firing", "240m"), ("resolved", "300m")]
    assert (alerts[-1].fired_at, alerts[-1].resolved_at) == (at("4h"), at("5h"))


def test_a_milestone_in_time_that_arrives_late_retracts_the_alert() -> None:
    alerts = told([APPROVED, event("posted", "3h59m", "6h")])
    assert states(alerts) == [("at_risk", "180m"), ("firing", "240m"), ("retracted", "360m")]
    assert (alerts[-1].fired_at, alerts[-1].resolved_at) == (at("4h"), None)


def test_a_resolved_alert_is_retracted_by_a_milestone_that_was_in_time() -> None:
    alerts = told([APPROVED, event("posted", "5h"), replace(event("posted", "1h", "6h"), event_id="earlier")])
    assert states(alerts)[-2:] == [("resolved", "300m"), ("retracted", "360m")]


def test_a_late_milestone_that_was_late_resolves_at_its_own_instant() -> None:
    assert states(told([APPROVED, event("posted", "5h", "7h")]))[-1] == ("resolved", "300m")


def test_an_earlier_start_that_arrives_late_moves_the_same_alert() -> None:
    alerts = told([APPROVED, event("approved", "-2h", "5h")])
    assert [(alert.state, alert.fired_at) for alert in alerts[1:3]] == [
        (AlertState.FIRING, at("4h")),
        (AlertState.FIRING, at("2h")),
    ]
    assert {alert.alert_id for alert in alerts} == {alert_id("OrderNotPosted", ORDER, "")}


def test_a_start_known_only_after_its_deadline_is_told_after_a_short_grace() -> None:
    late = event("approved", "0m", "6h")
    (alert,) = told([late], "7h")
    assert (alert.state, alert.fired_at, alert.changed_at) == (AlertState.FIRING, at("4h"), at("4h"))
    assert alert.version == told([late], "7h")[0].version
    grace_ends = at("6h") + timedelta(seconds=5)
    assert transitions(WATCHED, ORDER, [late], None, grace_ends - timedelta(microseconds=1)) == []
    assert next_due(WATCHED, [late], at("6h")) == grace_ends
    assert len(transitions(WATCHED, ORDER, [late], at("6h"), grace_ends)) == 1


def test_an_import_of_what_went_well_long_ago_raises_nothing() -> None:
    posted = replace(event("posted", "1h"), received_at=at("6h") + timedelta(seconds=3))
    assert told([event("approved", "0m", "6h"), posted]) == []


def test_a_start_that_later_facts_disqualify_retracts_its_alert() -> None:
    watched = replace(WATCHED, where=LARGE)
    known_large = event("approved", "0m", holds=frozenset({LARGE}))
    known_small = event("approved", "0m", "5h")
    alerts = told([known_large, known_small], watched=watched)
    assert states(alerts)[1:] == [("firing", "240m"), ("retracted", "300m")]
    assert alerts[-1].reason == (
        "Retracted: approved at 2026-01-05T09:00:00Z (crm) does not start a clock under this rule, "
        "as later events show."
    )


def test_a_start_that_later_facts_qualify_is_told_when_they_arrive() -> None:
    watched = replace(WATCHED, where=LARGE)
    rows = [APPROVED, event("approved", "0m", "5h", holds=frozenset({LARGE}))]
    assert transitions(watched, ORDER, rows, None, at("5h")) == []
    assert [alert.fired_at for alert in transitions(watched, ORDER, rows, at("5h"), at("6h"))] == [at("4h")]


def test_an_amount_learnt_later_is_told_again() -> None:
    richer = replace(event("approved", "0m", "5h"), facts=Facts(amount=Decimal("100"), currency="EUR"))
    alerts = told([APPROVED, richer], "6h")
    assert [(alert.state, alert.amount) for alert in alerts[1:]] == [
        (AlertState.FIRING, None),
        (AlertState.FIRING, Decimal("100")),
    ]


def test_a_source_whose_clock_runs_ahead_does_not_resolve_before_the_time() -> None:
    ahead = event("posted", "6h", "5h")
    assert states(told([APPROVED, ahead], "5h30m"))[-1] == ("firing", "240m")
    assert next_due(WATCHED, [APPROVED, ahead], at("5h30m")) == at("6h")
    assert states(told([APPROVED, ahead], "6h"))[-1] == ("resolved", "360m")


def test_a_pause_moves_the_deadline_of_an_alert_at_risk() -> None:
    watched = replace(WATCHED, pause=Pause("held", "released"))
    alerts = told([APPROVED, event("held", "3h30m"), event("released", "5h30m")], "7h", watched)
    assert ["paused now" in alert.reason for alert in alerts] == [False, True, False, False]
    assert [(alert.state, alert.deadline_at) for alert in alerts] == [
        (AlertState.AT_RISK, at("4h")),
        (AlertState.AT_RISK, at("4h")),
        (AlertState.AT_RISK, at("6h")),
        (AlertState.FIRING, at("6h")),
    ]


@pytest.mark.parametrize(
    ("through", "due"),
    [
        pytest.param("0m", "3h", id="being at risk"),
        pytest.param("3h", "4h", id="the deadline"),
        pytest.param("4h", "8h", id="the next step of severity"),
        pytest.param("8h", None, id="nothing any more"),
    ],
)
def test_what_is_due_next_follows_the_clock(through: str, due: str | None) -> None:
    assert next_due(WATCHED, [APPROVED], at(through)) == (at(due) if due else None)
    assert next_due(WATCHED, [APPROVED, event("posted", "0m")], at(through)) is None


def test_alerts_of_one_object_under_pairing_each_have_ids_of_their_own() -> None:
    history = [APPROVED, event("approved", "1h")]
    alerts = alerts_at(replace(WATCHED, pairing=Pairing.EACH), ORDER, history, at("9h"))
    assert [alert.alert_id for alert in alerts] == [
        alert_id("OrderNotPosted", ORDER, "crm\x1fapproved@0m"),
        alert_id("OrderNotPosted", ORDER, "crm\x1fapproved@1h"),
    ]


def test_advance_says_both_what_changed_and_what_is_due() -> None:
    history = [APPROVED]
    assert advance(WATCHED, ORDER, history, at("3h"), at("5h")) == (
        transitions(WATCHED, ORDER, history, at("3h"), at("5h")),
        at("8h"),
    )


FULL = replace(
    WATCHED,
    labels={"team": "order_management"},
    annotations={
        "summary": "Order {object_id} ({amount} {currency}) approved {elapsed} ago, {overdue} late, {region}",
        "link": "run {correlation_id}, due {deadline_at} within {within}, {severity}",
    },
)


def test_an_alert_carries_labels_annotations_money_and_traces() -> None:
    facts = Facts(Decimal("12500"), "EUR", "DE01", None, {"tier": "gold"})
    history = [
        replace(APPROVED, facts=facts, trace_id="a" * 32),
        replace(event("transmitted", "1h"), correlation_id="q2c-1", trace_id="b" * 32),
        replace(event("transmitted", "2h"), correlation_id="q2c-2", trace_id="a" * 32),
    ]
    (alert,) = alerts_at(FULL, ORDER, history, at("9h"))
    assert alert.labels == {
        "alertname": "OrderNotPosted",
        "team": "order_management",
        "severity": "critical",
        "object_type": "order",
        "object_id": "O-1",
        "legal_entity": "DE01",
        "currency": "EUR",
        "source": "crm",
    }
    assert alert.annotations == {
        "summary": "Order O-1 (12500.00 EUR) approved 8 h ago, 4 h late, unknown",
        "link": "run q2c-2, due 2026-01-05T13:00:00Z within 4 h, critical",
    }
    assert (alert.amount, alert.currency, alert.correlation_id) == (Decimal("12500"), "EUR", "q2c-2")
    assert alert.trace_ids == ("a" * 32, "b" * 32)


CALENDAR = Calendar("de_business", "Europe/Berlin", ((OpenHours(9 * HOUR, 17 * HOUR),),) * 7)


@pytest.mark.parametrize(
    ("changes", "history", "reason"),
    [
        pytest.param(
            {},
            [],
            "approved at 2026-01-05T09:00:00Z (crm) started the clock, and posted did not follow within 4 h, "
            "by 2026-01-05T13:00:00Z.",
            id="firing",
        ),
        pytest.param(
            {"within": 12 * HOUR},
            [],
            "approved at 2026-01-05T09:00:00Z (crm) started the clock; posted has not followed, and "
            "75% of 12 h had passed at 2026-01-05T18:00:00Z; the deadline is 2026-01-05T21:00:00Z.",
            id="at risk",
        ),
        pytest.param(
            {"within": 12 * HOUR, "pause": Pause("held", "released")},
            [event("held", "9h30m")],
            "approved at 2026-01-05T09:00:00Z (crm) started the clock; posted has not followed, and "
            "75% of 12 h, not counting held to released had passed at 2026-01-05T18:00:00Z; "
            "the clock is paused now, and the deadline is 2026-01-05T21:00:00Z at the earliest.",
            id="at risk and paused",
        ),
        pytest.param(
            {},
            [event("posted", "5h")],
            "approved at 2026-01-05T09:00:00Z (crm) started the clock, "
            "and posted at 2026-01-05T14:00:00Z (crm) followed, 1 h after the deadline 2026-01-05T13:00:00Z.",
            id="resolved by its milestone",
        ),
        pytest.param(
            {},
            [event("cancelled", "5h")],
            "approved at 2026-01-05T09:00:00Z (crm) started the clock, and cancelled at 2026-01-05T14:00:00Z (crm) "
            "ended the duty, 1 h after the deadline 2026-01-05T13:00:00Z.",
            id="resolved by a cancellation",
        ),
        pytest.param(
            {},
            [event("posted", "3h30m")],
            "approved at 2026-01-05T09:00:00Z (crm) started the clock, "
            "and posted at 2026-01-05T12:30:00Z (crm) followed, in time for the deadline 2026-01-05T13:00:00Z.",
            id="resolved in time",
        ),
        pytest.param(
            {},
            [event("posted", "3h", "6h")],
            "Retracted: posted at 2026-01-05T12:00:00Z (crm) was in time, the deadline being 2026-01-05T13:00:00Z; "
            "that became known at 2026-01-05T15:00:00Z.",
            id="retracted",
        ),
        pytest.param(
            {"pause": Pause("held", "released"), "at_risk": None},
            [event("held", "1h", "6h")],
            "Retracted: later events show that the clock was paused before the deadline.",
            id="retracted by a pause",
        ),
        pytest.param(
            {"pause": Pause("held", "released"), "at_risk": None},
            [event("held", "1h", "6h"), event("released", "10h", "7h")],
            "Retracted: later events show that the clock was paused before the deadline.",
            id="retracted by a pause that has ended since",
        ),
        pytest.param(
            {"calendar": CALENDAR, "within": 2 * HOUR},
            [],
            "approved at 2026-01-05T09:00:00Z (crm) started the clock, and posted did not follow "
            "within 2 h of open time in de_business, by 2026-01-05T11:00:00Z.",
            id="firing by a calendar",
        ),
    ],
)
def test_the_reason_says_in_words_what_happened_when(
    changes: dict[str, object], history: list[Milestone], reason: str
) -> None:
    watched = replace(WATCHED, severity=(SeverityStep(Fraction(1), "warning"),), **changes)  # type: ignore[arg-type]
    assert told([APPROVED, *history], "11h", watched)[-1].reason == reason


def test_a_pause_that_moved_the_deadline_retracts_and_the_alert_fires_again_at_the_new_one() -> None:
    watched = replace(WATCHED, pause=Pause("held", "released"), at_risk=None)
    alerts = told([APPROVED, event("held", "1h", "6h"), event("released", "5h30m", "6h")], "9h", watched)
    assert [(alert.state, alert.fired_at) for alert in alerts] == [
        (AlertState.FIRING, at("4h")),
        (AlertState.RETRACTED, at("4h")),
        (AlertState.FIRING, at("8h30m")),
    ]
    assert alerts[1].reason == "Retracted: later events show that posted is due by 2026-01-05T17:30:00Z only."


def test_a_duty_that_must_be_met_before_its_period_closes_says_so() -> None:
    closing = rule(close=Periods(), at_risk=Fraction(1, 2))
    approved = event("approved", "0m", occurred_at=datetime(2026, 1, 31, 22, tzinfo=UTC))
    cutoff_at = datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    (at_risk,) = alerts_at(closing, ORDER, [approved], cutoff_at - MINUTE)
    assert (at_risk.state, at_risk.deadline_at) == ("at_risk", cutoff_at)
    assert (
        "50% of the time until the cutoff of period 2026-01 had passed at 2026-01-31T22:59:59.999999Z" in at_risk.reason
    )
    (firing,) = alerts_at(closing, ORDER, [approved], cutoff_at)
    assert firing.fired_at == cutoff_at
    assert "posted did not follow before the cutoff of period 2026-01, by" in firing.reason
