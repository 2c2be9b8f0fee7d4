"""Absence: what is told of an event type that stays away, against a naive reading of each instant."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, OpenHours
from domain.series_rule import AbsenceRule, LabelSet
from rules.kinds.absence import AbsenceState, Arrival, Run, advance
from rules.kinds.series_told import SeriesTold
from rules.told import LATE_GRACE
from tests.unit.rules.histories import MINUTE, START, at

BANK: LabelSet = (("source", "bank"),)
THROUGH = START + 150 * MINUTE
STRETCH = 7 * MINUTE
# Open for ten minutes of each half hour.
HOURS = tuple(OpenHours(number * 30 * MINUTE, (number * 30 + 10) * MINUTE) for number in range(48))
CALENDAR = Calendar("ten_minutes", "UTC", (HOURS,) * 7)
# When it became known, the start of the gap, and: state, fired_at, resolved_at.
Change = tuple[datetime, datetime, tuple[str, datetime, datetime | None]]


class Event(NamedTuple):
    occurred_at: datetime
    received_at: datetime

    @property
    def known_at(self) -> datetime:
        return max(self)

    @property
    def arrival(self) -> tuple[LabelSet, Arrival]:
        return BANK, Arrival(self.known_at, Run(self.occurred_at, self.occurred_at))


def rule(**changes: Any) -> AbsenceRule:
    """payment.received may stay away for seven minutes, by source."""
    plain = AbsenceRule(
        group="cash", name="NoPayments", version="1", event_type="payment.received", stretch=STRETCH, per=("source",)
    )
    return replace(plain, **changes)


def events() -> st.SearchStrategy[list[Event]]:
    """Up to a dozen arrivals within an hour and a half; some late, some of a clock that runs ahead."""

    def make(parts: list[tuple[int, int]]) -> list[Event]:
        return [Event(START + minute * MINUTE, START + (minute + delay) * MINUTE) for minute, delay in parts]

    delays = st.sampled_from([0, 0, 0, 0, 1, 5, 12, 30, -3])
    return st.lists(st.tuples(st.integers(0, 90), delays), max_size=12).map(make)


RULES = st.builds(
    rule,
    forget_after=st.sampled_from([16 * MINUTE, 40 * MINUTE, timedelta(days=30)]),
    expect=st.sampled_from([(), (BANK,)]),
    calendar=st.sampled_from([None, CALENDAR]),
)


def in_time(watched: AbsenceRule, history: Sequence[Event]) -> list[Event]:
    """Those that were not received so late that they no longer count."""
    return [event for event in history if event.received_at - event.occurred_at <= watched.forget_after]


def advanced(
    watched: AbsenceRule, state: AbsenceState, history: Sequence[Event], after: datetime | None, through: datetime
) -> list[Change]:
    arrivals = [event.arrival for event in history]
    return changes(advance(watched, state, arrivals, after, through))


def changes(told: Sequence[SeriesTold]) -> list[Change]:
    return [(one.known_at, one.started_at, (one.state.value, one.fired_at, one.resolved_at)) for one in told]


def simulate(watched: AbsenceRule, history: Sequence[Event], began_at: datetime | None) -> list[Change]:
    """What must be told by THROUGH, found by asking at every instant that may matter."""
    add = watched.calendar.add if watched.calendar else lambda start, time: start + time
    starts = [event.occurred_at for event in history] + ([began_at] if began_at else [])
    agenda = {event.known_at for event in history} | {begin + watched.forget_after for begin in starts}
    agenda |= {deadline for begin in starts if (deadline := add(begin, STRETCH))}
    agenda |= {instant + LATE_GRACE for instant in agenda}
    told: dict[datetime, tuple[str, datetime, datetime | None]] = {}
    found_at: dict[datetime, datetime] = {}
    found: list[Change] = []
    kept: set[datetime] = set()
    awaited = began_at if watched.expect else None
    for now in sorted(instant for instant in agenda if instant <= THROUGH):
        arrived = {event.occurred_at for event in history if event.known_at == now}
        if arrived:
            # What is older than that is settled, but for the last of a label set that must exist.
            before = now - watched.forget_after
            recent = {instant for instant in kept if instant >= before}
            if kept and awaited and awaited < before:
                awaited = None
            kept = recent or ({max(kept)} if kept and watched.expect else set())
            last = max(kept, default=awaited)
            for settled in [begin for begin in (*told, *found_at) if begin < before and begin != last]:
                told.pop(settled, None)
                found_at.pop(settled, None)
            kept |= arrived
            if awaited and min(arrived) <= awaited:
                awaited = None
        gaps = gaps_at(watched, sorted(kept | ({awaited} if awaited else set())), now)
        for begin in sorted({*gaps, *told, *found_at}):
            if begin not in gaps:
                found_at.pop(begin, None)
                if begin in told and told[begin][0] != "retracted":
                    told[begin] = ("retracted", told[begin][1], None)
                    found.append((now, begin, told[begin]))
                continue
            deadline, ended_at = gaps[begin]
            since = found_at.setdefault(begin, now)
            new = ("firing" if ended_at is None else "resolved", deadline, ended_at)
            if (deadline < since and now < since + LATE_GRACE) or told.get(begin) == new:
                continue
            told[begin] = new
            found.append((now, begin, new))
    return sorted(found)


def gaps_at(
    watched: AbsenceRule, begins: Sequence[datetime], now: datetime
) -> dict[datetime, tuple[datetime, datetime | None]]:
    """Each instant after which nothing came in time, with its deadline and when that ended."""
    add = watched.calendar.add if watched.calendar else lambda start, time: start + time
    gaps = {}
    for begin, following in zip(begins, [*begins[1:], None], strict=False):
        deadline, ended_at = add(begin, STRETCH), following
        forgotten_at = begin + watched.forget_after
        if not watched.expect and forgotten_at <= now and (ended_at is None or forgotten_at < ended_at):
            ended_at = forgotten_at
        if deadline and deadline <= now and (ended_at is None or deadline < ended_at):
            gaps[begin] = (deadline, ended_at)
    return gaps


@settings(max_examples=600, deadline=None)
@given(RULES, events(), st.sampled_from([None, START, START + 20 * MINUTE]))
def test_what_is_told_is_what_asking_at_every_instant_shows(
    watched: AbsenceRule, history: list[Event], began_at: datetime | None
) -> None:
    history = in_time(watched, history)
    told = advanced(watched, AbsenceState(began_at), history, None, THROUGH)
    assert sorted(told) == simulate(watched, history, began_at)


@settings(max_examples=300, deadline=None)
@given(RULES, events(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    watched: AbsenceRule, history: list[Event], chooser: random.Random
) -> None:
    history = in_time(watched, history)
    whole = advanced(watched, AbsenceState(START), history, None, THROUGH)
    state, pieces = AbsenceState(START), []
    after = None
    for minutes in (*sorted(chooser.choice(range(-5, 150)) for _ in range(6)), 150):
        through = START + minutes * MINUTE
        arrived = [event for event in history if (after is None or event.received_at > after)]
        arrived = [event for event in arrived if event.received_at <= through]
        pieces += advanced(watched, state, arrived, after, through)
        state = msgspec.json.decode(msgspec.json.encode(state), type=AbsenceState)
        after = through
    assert sorted(pieces) == sorted(whole)


@settings(max_examples=200, deadline=None)
@given(RULES, events())
def test_repetitions_and_the_order_of_arrival_within_an_instant_change_nothing(
    watched: AbsenceRule, history: list[Event]
) -> None:
    history = in_time(watched, history)
    again = [event for event in history for _ in range(2)][::-1]
    assert advanced(watched, AbsenceState(), again, None, THROUGH) == advanced(
        watched, AbsenceState(), history, None, THROUGH
    )


def test_an_event_type_that_stays_away_fires_at_its_deadline_and_resolves_with_the_next() -> None:
    history = [Event(at("0m"), at("0m")), Event(at("9m"), at("9m"))]
    told = advance(rule(), AbsenceState(), [event.arrival for event in history], None, at("12m"))
    assert changes(told) == [
        (at("7m"), at("0m"), ("firing", at("7m"), None)),
        (at("9m"), at("0m"), ("resolved", at("7m"), at("9m"))),
    ]
    assert [one.reason for one in told] == [
        "The last payment.received (source=bank) occurred at 2026-01-05T09:00:00Z, and 7 min have passed since.",
        "The last payment.received (source=bank) occurred at 2026-01-05T09:00:00Z, and the next one occurred at "
        "2026-01-05T09:09:00Z.",
    ]


@pytest.mark.parametrize(
    "next_at", [pytest.param("6m59s", id="a moment before"), pytest.param("7m", id="exactly at it")]
)
def test_what_comes_by_its_deadline_is_in_time(next_at: str) -> None:
    history = [Event(at("0m"), at("0m")), Event(at(next_at), at(next_at))]
    assert advanced(rule(), AbsenceState(), history, None, at("8m")) == []


def test_an_event_that_arrives_late_retracts_and_says_when_that_became_known() -> None:
    history = [Event(at("0m"), at("0m")), Event(at("5m"), at("8m"))]
    told = advance(rule(), AbsenceState(), [event.arrival for event in history], None, at("9m"))
    assert [one.state.value for one in told] == ["firing", "retracted"]
    assert told[-1].reason == (
        "Retracted: later events show that payment.received was not missing; that became known at 2026-01-05T09:08:00Z."
    )


def test_a_label_set_that_is_forgotten_resolves_and_an_expected_one_does_not() -> None:
    history = [Event(at("0m"), at("0m"))]
    forgetful = rule(forget_after=20 * MINUTE)
    told = advanced(forgetful, AbsenceState(), history, None, at("2h"))
    assert [state for _, _, (state, _, _) in told] == ["firing", "resolved"]
    told = advanced(replace(forgetful, expect=(BANK,)), AbsenceState(), history, None, at("2h"))
    assert [state for _, _, (state, _, _) in told] == ["firing"]


def test_without_any_events_only_what_is_expected_is_missing() -> None:
    assert advanced(rule(), AbsenceState(START), [], None, THROUGH) == []
    [(known_at, _, (state, _, _))] = advanced(rule(expect=(BANK,)), AbsenceState(START), [], None, THROUGH)
    assert (known_at, state) == (at("7m"), "firing")
    # Where nothing at all was ever received, nobody knows that anything is missing.
    assert advanced(rule(expect=(BANK,)), AbsenceState(), [], None, THROUGH) == []


def test_only_open_hours_count_where_a_calendar_is_named() -> None:
    watched = rule(calendar=CALENDAR)
    history = [Event(at("5m"), at("5m"))]
    [(known_at, _, _)] = advanced(watched, AbsenceState(), history, None, THROUGH)
    assert known_at == at("32m")


def test_what_is_kept_of_a_busy_label_set_is_small() -> None:
    state = AbsenceState()
    history = [
        Event(START + number * timedelta(seconds=1), START + number * timedelta(seconds=1)) for number in range(5000)
    ]
    assert advanced(rule(), state, history, None, history[-1].known_at) == []
    assert len(state.series[0].runs) == 1
