"""What each alert says decided it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings

from domain.alert import Alert
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
from domain.calendar import Calendar, OpenHours
from domain.milestone import Milestone
from domain.repeat_rule import RepeatRule
from domain.rule import MilestoneRule, Override, Pairing, Pause, Rule, SequenceRule
from domain.sequence_rule import NotBeforeRule, NotWhileRule
from domain.source_silence import Unknown, UnknownTimes
from rules.alert_state import alerts_at, transitions
from tests.unit.rules.histories import (
    MINUTE,
    ORDER,
    PLATINUM,
    START,
    ShortPeriods,
    at,
    event,
    histories,
    rule,
    rules,
)

THROUGH = START + 80 * MINUTE
HOUR = timedelta(hours=1)
ALWAYS_OPEN = Calendar("always", "Europe/Berlin", ((OpenHours(timedelta(0), timedelta(hours=24)),),) * 7)


def named(type_: str, occurred: str, received: str | None = None) -> EventEvidence:
    """What evidence says of `event(...)`."""
    return EventEvidence(type_, "crm", f"{type_}@{occurred}", at(occurred), at(received or occurred))


def told(rule: Rule, history: Sequence[Milestone], **how: Any) -> list[Alert]:
    """Every change by the fifth hour."""
    return transitions(rule, ORDER, history, None, START + 5 * HOUR, **how)  # type: ignore[arg-type]


def test_a_clock_that_ran_out_names_what_started_it_and_what_has_not_come() -> None:
    [firing] = told(rule(within=HOUR), [event("approved", "0m", "3m")])

    assert firing.evidence == AlertEvidence(started_by=named("approved", "0m", "3m"), awaits=("posted",), within="1h")


def test_a_clock_that_was_stopped_names_what_stopped_it() -> None:
    [_, resolved] = told(rule(within=HOUR), [event("approved", "0m"), event("posted", "2h")])

    assert resolved.evidence == AlertEvidence(
        started_by=named("approved", "0m"), stopped_by=named("posted", "2h"), within="1h"
    )


def test_a_retracted_alert_names_what_shows_it_wrong() -> None:
    [_, retracted] = told(rule(within=HOUR), [event("approved", "0m"), event("posted", "30m", "2h")])

    assert retracted.state == "retracted"
    assert retracted.evidence == AlertEvidence(
        started_by=named("approved", "0m"), stopped_by=named("posted", "30m", "2h"), within="1h"
    )


def test_the_window_is_given_with_its_override_and_calendar() -> None:
    watched = rule(calendar=ALWAYS_OPEN, overrides=(Override("amount > 1", HOUR), Override(PLATINUM, 2 * HOUR)))
    plain = event("approved", "0m", holds=frozenset())
    platinum = event("approved", "0m", holds=frozenset({PLATINUM}))

    [by_override] = told(watched, [platinum])
    [by_rule] = told(watched, [plain])

    assert by_override.evidence.within == "2h"
    assert by_override.evidence.override == OverrideEvidence(PLATINUM, "2h")
    assert by_override.evidence.calendar == CalendarEvidence("always", "Europe/Berlin")
    assert (by_rule.evidence.within, by_rule.evidence.override) == ("4h", None)


def test_a_cutoff_that_is_the_deadline_names_its_period() -> None:
    periods = ShortPeriods()
    [firing] = told(rule(close=periods), [event("approved", "1m")])
    [later] = told(rule(within=MINUTE, close=periods), [event("approved", "1m")])

    period = periods.period(None, at("1m"))
    assert period
    assert firing.evidence.period == PeriodEvidence(period.name, period.cutoff_at)
    assert later.evidence.period is None


def test_skew_is_given_only_where_it_was_needed() -> None:
    watched = rule(within=MINUTE, skew=2 * MINUTE, unless=("cancelled",), pairing=Pairing.EACH)
    # Known to be late first, then that it was posted before its approval by a clock that runs behind.
    forgiven = told(watched, [event("approved", "10m"), event("posted", "9m", "20m")])
    plain = told(watched, [event("approved", "10m"), event("posted", "10m", "20m")])

    assert [alert.evidence.skew for alert in forgiven] == [None, "2m"]
    assert [alert.evidence.skew for alert in plain] == [None, None]


def test_pauses_are_those_that_bear_on_the_deadline() -> None:
    watched = rule(within=HOUR, pause=Pause("held", "released"))
    history = [
        event("held", "0m"),
        event("released", "1m"),
        event("approved", "2m"),
        event("held", "10m"),
        event("held", "15m"),
        event("released", "20m"),
        event("held", "30m"),
        event("released", "30m", event_id="at once"),
        event("held", "4h"),
    ]
    [firing] = told(watched, history)

    assert firing.evidence.pauses == PausesEvidence(1, (PauseEvidence(at("10m"), at("20m")),))


def test_an_open_pause_has_no_end() -> None:
    watched = rule(within=HOUR, at_risk=rules_half(), pause=Pause("held", "released"))
    [_, paused] = told(watched, [event("approved", "0m"), event("held", "40m")])

    assert paused.evidence.pauses == PausesEvidence(1, (PauseEvidence(at("40m")),))


def rules_half() -> Any:
    """Half of a window."""
    return rule().severity[0].share / 2


def test_evidence_stays_small_whatever_happened_to_an_object() -> None:
    watched = rule(within=timedelta(hours=3), pause=Pause("held", "released"))
    history = [event("approved", "0m")]
    for second in range(1, 3000, 2):
        history += [event("held", f"{second}s"), event("released", f"{second + 1}s")]
    [firing] = told(watched, history)

    pauses = firing.evidence.pauses
    assert pauses
    assert pauses.count == 1500
    assert pauses.first[0] == PauseEvidence(at("1s"), at("2s"))
    assert pauses.last[-1] == PauseEvidence(at("2999s"), at("3000s"))
    assert len(msgspec.json.encode(firing.evidence)) < 1000


def test_a_few_pauses_are_all_named_once() -> None:
    watched = rule(within=timedelta(hours=3), pause=Pause("held", "released"))
    for count in range(1, 9):
        history = [event("approved", "0m")]
        for minute in range(1, 2 * count, 2):
            history += [event("held", f"{minute}m"), event("released", f"{minute + 1}m")]
        [firing] = told(watched, history)

        pauses = firing.evidence.pauses
        assert pauses
        since = [pause.since for pause in (*pauses.first, *pauses.last)]
        assert (pauses.count, since) == (count, sorted(set(since)))
        assert len(since) == min(count, 6)


def test_a_suspended_alert_says_for_whose_word_it_waits() -> None:
    unknown = UnknownTimes([Unknown("posted", ("erp",), at("30m"), None)])
    [suspended] = told(rule(within=HOUR), [event("approved", "0m")], unknown=unknown)

    assert suspended.evidence.suspended == SuspendedEvidence(at("30m"), "posted", ("erp",))
    assert suspended.evidence.started_by == named("approved", "0m")


BREACHES: list[tuple[Rule, list[Milestone], AlertEvidence]] = [
    (
        SequenceRule(group="g", name="R", version="1", object_type="order", event_type="posted", requires="approved"),
        [event("posted", "1h")],
        AlertEvidence(started_by=named("posted", "1h"), awaits=("approved",)),
    ),
    (
        SequenceRule(group="g", name="R", version="1", object_type="order", event_type="posted", requires="approved"),
        [event("posted", "1h"), event("approved", "2h")],
        AlertEvidence(started_by=named("posted", "1h"), stopped_by=named("approved", "2h")),
    ),
    (
        NotBeforeRule(
            group="g", name="R", version="1", object_type="order", event_type="posted", not_before="approved"
        ),
        [event("posted", "1h"), event("approved", "2h")],
        AlertEvidence(started_by=named("posted", "1h"), events=(named("approved", "2h"),)),
    ),
    (
        NotWhileRule(
            group="g",
            name="R",
            version="1",
            object_type="order",
            event_type="posted",
            from_type="held",
            until_type="released",
        ),
        [event("held", "1h"), event("posted", "2h")],
        AlertEvidence(started_by=named("posted", "2h"), events=(named("held", "1h"),), awaits=("released",)),
    ),
    (
        RepeatRule(
            group="g", name="R", version="1", object_type="order", event_type="posted", count=2, within=2 * HOUR
        ),
        [event("posted", "1h"), event("posted", "2h")],
        AlertEvidence(started_by=named("posted", "2h"), events=(named("posted", "1h"),), within="2h"),
    ),
]


def test_a_breach_names_the_events_that_make_it() -> None:
    for watched, history, expected in BREACHES:
        assert told(watched, history)[-1].evidence == expected


@settings(max_examples=200, deadline=None)
@given(rules(), histories(in_order=True))
def test_where_nothing_arrives_late_what_was_told_last_is_explained_as_what_stands(
    watched: MilestoneRule, history: list[Milestone]
) -> None:
    last = {alert.alert_id: alert for alert in transitions(watched, ORDER, history, None, THROUGH)}
    for standing in alerts_at(watched, ORDER, history, THROUGH):
        assert last[standing.alert_id].evidence == standing.evidence
