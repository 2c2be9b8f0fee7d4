"""Verdicts while sources are silent, against a naive reading that asks at every instant who can tell."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alert import Alert
from domain.milestone import Milestone
from domain.rule import MilestoneRule, SequenceRule
from domain.source_silence import Silences, SourceSilence, UnknownTimes
from rules.alert_state import alerts_at, next_due, transitions
from tests.unit.rules.histories import MINUTE, ORDER, START, at, event, histories, rules
from tests.unit.rules.histories import rule as one_rule
from tests.unit.rules.silences import contracts, is_unknown, known_by, silence, silences
from tests.unit.rules.test_transition_properties import (
    LATER_FACTS,
    THROUGH,
    Change,
    Gist,
    change_of,
    simulate,
    with_later_facts,
)

SOURCES = ("erp", "billing")
LaterFacts = list[tuple[int, int, frozenset[str]]]
FIRST_HEARD = st.dictionaries(
    st.sampled_from(SOURCES), st.integers(-5, 20).map(lambda minutes: START + minutes * MINUTE), max_size=2
)


def unknown_times(
    found: Sequence[SourceSilence], first_heard: dict[str, datetime], through: datetime = THROUGH
) -> UnknownTimes:
    heard = {source: instant for source, instant in first_heard.items() if instant <= through}
    return Silences(contracts(SOURCES), known_by(found, through), heard).unknown_times({"posted"})


def naive(raw: Sequence[Change], found: Sequence[SourceSilence], first_heard: dict[str, datetime]) -> list[Change]:
    """What is told of the raw changes, by looking at every minute and every change."""
    agenda = {START + minute * MINUTE for minute in range(-5, 81)} | {instant for instant, _, _ in raw}
    told: dict[str, Gist] = {}
    changes: list[Change] = []
    for now in sorted(agenda):
        unknown = is_unknown(found, first_heard, SOURCES, now)
        standing = {clock: gist for instant, clock, gist in raw if instant <= now}
        for clock, (state, severity, deadline_at, fired_at, resolved_at, is_paused) in sorted(standing.items()):
            before = told[clock][0] if clock in told else None
            if state == "firing" and unknown and before != "firing":
                state, fired_at = "suspended", None
            if state == "retracted" and before in ("suspended", "retracted"):
                fired_at = None if before == "suspended" else told[clock][3]
            new = (state, severity, deadline_at, fired_at, resolved_at, is_paused)
            if told.get(clock) != new:
                told[clock] = new
                changes.append((now, clock, new))
    return sorted(changes, key=lambda change: change[:2])


@settings(max_examples=400, deadline=None)
@given(silences(SOURCES), FIRST_HEARD)
def test_unknown_is_when_nobody_who_ever_spoke_can_tell(
    found: list[SourceSilence], first_heard: dict[str, datetime]
) -> None:
    unknown = unknown_times(found, first_heard)
    instants = [START + quarter * MINUTE / 4 for quarter in range(-20, 4 * 80)]
    assert [unknown.at(instant) is not None for instant in instants] == [
        is_unknown(found, first_heard, SOURCES, instant) for instant in instants
    ]


@settings(max_examples=500, deadline=None)
@given(rules(), histories(), LATER_FACTS, silences(SOURCES), FIRST_HEARD)
def test_told_is_what_asking_at_every_instant_shows(
    rule: MilestoneRule,
    history: list[Milestone],
    later: LaterFacts,
    found: list[SourceSilence],
    first_heard: dict[str, datetime],
) -> None:
    rows = with_later_facts(history, later)
    told = transitions(rule, ORDER, rows, None, THROUGH, unknown_times(found, first_heard))
    expected = naive(simulate(rule, rows), found, first_heard)
    assert sorted(map(change_of, told), key=lambda change: change[:2]) == expected


@settings(max_examples=250, deadline=None)
@given(rules(), histories(), LATER_FACTS, silences(SOURCES), FIRST_HEARD, st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    rule: MilestoneRule,
    history: list[Milestone],
    later: LaterFacts,
    found: list[SourceSilence],
    first_heard: dict[str, datetime],
    chooser: random.Random,
) -> None:
    rows = with_later_facts(history, later)
    unknown = unknown_times(found, first_heard)
    whole = [replace(alert, recorded_at=THROUGH) for alert in transitions(rule, ORDER, rows, None, THROUGH, unknown)]
    pieces: list[Alert] = []
    after: datetime | None = None
    instants = sorted(chooser.choice(range(-5, 80)) * MINUTE for _ in range(chooser.randint(0, 12)))
    for through in (*(START + instant for instant in instants), THROUGH):
        arrived = [row for row in rows if row.received_at <= through]
        known = unknown_times(found, first_heard, through)
        pieces.extend(transitions(rule, ORDER, arrived, after, through, known))
        after = through
    assert [replace(alert, recorded_at=THROUGH) for alert in pieces] == whole


@settings(max_examples=250, deadline=None)
@given(rules(), histories(), silences(SOURCES), FIRST_HEARD, st.integers(0, 60 * 4))
def test_nothing_is_told_before_it_is_due_unless_something_arrives_or_somebody_falls_silent(
    rule: MilestoneRule,
    history: list[Milestone],
    found: list[SourceSilence],
    first_heard: dict[str, datetime],
    quarter: int,
) -> None:
    through = START + quarter * MINUTE / 4
    arrived = [row for row in history if row.received_at <= through]
    known = unknown_times(found, first_heard, through)
    due = next_due(rule, arrived, through, known)
    until = due - timedelta(microseconds=1) if due else THROUGH + 240 * MINUTE
    assert due is None or due > through
    assert transitions(rule, ORDER, arrived, through, until, known) == []


@settings(max_examples=250, deadline=None)
@given(rules(), histories(in_order=True), silences(SOURCES), FIRST_HEARD)
def test_where_nothing_arrives_late_the_last_told_is_what_stands(
    rule: MilestoneRule, history: list[Milestone], found: list[SourceSilence], first_heard: dict[str, datetime]
) -> None:
    unknown = unknown_times(found, first_heard)
    told = {alert.alert_id: alert for alert in transitions(rule, ORDER, history, None, THROUGH, unknown)}
    suspended = {alert.alert_id for alert in told.values() if alert.state == "suspended"}
    standing = alerts_at(rule, ORDER, history, THROUGH, unknown)
    assert {alert.alert_id for alert in standing if alert.state == "suspended"} == suspended
    firing = {alert.alert_id for alert in told.values() if alert.state == "firing"}
    assert {alert.alert_id for alert in standing if alert.state == "firing"} == firing


PLAIN = one_rule()
APPROVED = event("approved", "0m")
LATE = event("posted", "5h")
IN_TIME_BUT_LATE_KNOWN = event("posted", "3h", "6h1m")


def told(rule: Any, history: list[Milestone], *found: SourceSilence, through: str = "9h") -> list[tuple[datetime, str]]:
    instant = at(through)
    unknown = Silences(contracts(), known_by(found, instant), {"erp": START}).unknown_times(rule.awaited_types)
    return [
        (change[0], change[2][0])
        for change in map(change_of, transitions(rule, ORDER, history, None, instant, unknown))
    ]


SILENT = silence("erp", 3 * 60, 6 * 60)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(
            [APPROVED], [("4h", "suspended"), ("6h5m", "firing")], id="what still stands fires after the grace"
        ),
        pytest.param(
            [APPROVED, IN_TIME_BUT_LATE_KNOWN],
            [("4h", "suspended"), ("6h1m", "retracted")],
            id="what proves to have been in time vanishes",
        ),
        pytest.param(
            [APPROVED, replace(LATE, received_at=at("6h"))],
            [("4h", "suspended"), ("6h", "resolved")],
            id="what was late and is over is resolved",
        ),
        pytest.param(
            [APPROVED, event("approved", "2h")], [("4h", "suspended"), ("6h5m", "firing")], id="one clock, one alert"
        ),
    ],
)
def test_a_suspended_alert_becomes_what_the_facts_say(
    history: list[Milestone], expected: list[tuple[str, str]]
) -> None:
    assert told(PLAIN, history, SILENT) == [(at(offset), state) for offset, state in expected]


def test_an_alert_that_fired_before_the_silence_goes_on_firing() -> None:
    assert told(PLAIN, [APPROVED], silence("erp", 4 * 60 + 1, 6 * 60)) == [(at("4h"), "firing")]


def test_the_silence_of_a_source_that_does_not_tell_of_the_milestone_suspends_nothing() -> None:
    assert told(PLAIN, [APPROVED], silence("crm", 3 * 60, 6 * 60)) == [(at("4h"), "firing")]


def test_a_suspended_alert_names_the_silent_source_and_what_is_known() -> None:
    unknown = Silences(contracts(), known_by([SILENT], at("5h")), {"erp": START}).unknown_times({"posted"})
    [alert] = transitions(PLAIN, ORDER, [APPROVED], None, at("5h"), unknown)
    assert alert.reason == (
        "Unknown: erp is silent since 2026-01-05T12:00:00Z, and it would tell of posted. So far: approved at "
        "2026-01-05T09:00:00Z (crm) started the clock, and posted did not follow within 4 h, by 2026-01-05T13:00:00Z."
    )
    assert (alert.fired_at, alert.annotations["suspended_by"]) == (None, "erp")


def test_a_rule_of_another_kind_is_suspended_too() -> None:
    sequence = SequenceRule(
        group="g", name="ApprovedUnposted", version="1", object_type="order", event_type="approved", requires="posted"
    )
    history = [event("approved", "4h")]
    assert told(sequence, history) == [(at("4h"), "firing")]
    assert told(sequence, history, SILENT) == [(at("4h"), "suspended"), (at("6h5m"), "firing")]
