"""Thresholds: when a signal beyond its bound fires and resolves, and what it says while nothing is known."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.series_rule import Bound, LabelSet, ThresholdRule
from rules.kinds.grid import GridState
from rules.kinds.series_told import SeriesTold
from rules.kinds.threshold import advance
from tests.unit.rules.histories import MINUTE, START, at

CALLS: LabelSet = (("from_service", "crm"), ("to_service", "erp"))


def rule(**changes: Any) -> ThresholdRule:
    """More than a tenth of calls from one service to another fail, for ten minutes."""
    plain = ThresholdRule(
        group="integration",
        name="CallsFail",
        version="1",
        signal="api_error_rate",
        bound=Bound.ABOVE,
        value=Decimal("0.1"),
        stretch=10 * MINUTE,
        window=5 * MINUTE,
        per=("from_service", "to_service"),
    )
    return replace(plain, **changes)


def measured(values: Mapping[int, float], labels: LabelSet = CALLS) -> dict[datetime, dict[LabelSet, float]]:
    return {START + minute * MINUTE: {labels: value} for minute, value in values.items()}


def told(
    watched: ThresholdRule, values: Mapping[int, float], through: datetime, labels: LabelSet = CALLS
) -> list[SeriesTold]:
    return advance(watched, GridState(), measured(values, labels), START - MINUTE, through)


def gists(changes: Sequence[SeriesTold]) -> list[tuple[str, datetime]]:
    return [(change.state.value, change.known_at) for change in changes]


def test_it_fires_once_it_was_beyond_its_bound_for_the_time_and_resolves_at_the_first_minute_within() -> None:
    values = {minute: 0.25 if minute < 15 else 0.05 for minute in range(30)}
    changes = told(rule(), values, at("29m"))
    assert gists(changes) == [("firing", at("10m")), ("resolved", at("15m"))]
    assert [change.reason for change in changes] == [
        "api_error_rate (from_service=crm, to_service=erp) is 25%, above 10% for 10 min.",
        "Resolved at 2026-01-05T09:15:00Z: api_error_rate (from_service=crm, to_service=erp) is 5%.",
    ]
    assert (changes[0].started_at, changes[0].labels) == (START, CALLS)


def test_exactly_at_its_bound_and_beyond_it_for_less_than_the_time_is_quiet() -> None:
    assert told(rule(), dict.fromkeys(range(30), 0.1), at("29m")) == []
    assert told(rule(), {minute: 0.5 if minute % 10 else 0.0 for minute in range(30)}, at("29m")) == []


def test_below_a_value_is_the_other_side() -> None:
    changes = told(rule(bound=Bound.BELOW, stretch=timedelta(0)), {0: 0.2, 1: 0.05, 2: 0.1}, at("2m"))
    assert gists(changes) == [("firing", at("1m")), ("resolved", at("2m"))]


def test_while_nothing_is_known_it_neither_fires_nor_resolves() -> None:
    assert gists(told(rule(), dict.fromkeys(range(8), 0.5), at("40m"))) == []
    assert gists(told(rule(), {**dict.fromkeys(range(8), 0.5), 30: 0.5}, at("40m"))) == [("firing", at("30m"))]


def test_an_hour_after_anything_was_known_it_resolves() -> None:
    changes = told(rule(), dict.fromkeys(range(11), 0.5), at("3h"))
    assert gists(changes) == [("firing", at("10m")), ("resolved", at("1h10m"))]
    assert changes[-1].reason == "Resolved at 2026-01-05T10:10:00Z: nothing is known of it any more."


def test_where_quiet_is_zero_an_empty_window_resolves() -> None:
    letters = rule(signal="dead_letters", value=Decimal(3), stretch=timedelta(0), per=())
    assert gists(told(letters, {0: 4.0}, at("5m"), ())) == [("firing", at("0m")), ("resolved", at("1m"))]
    none = replace(letters, bound=Bound.BELOW)
    assert gists(told(none, {}, at("5m"), ())) == [("firing", at("0m"))]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([None, 0.05, 0.5]), min_size=30, max_size=30),
    st.sampled_from([0, 3, 10]),
    st.randoms(use_true_random=False),
)
def test_many_small_windows_tell_what_one_large_window_tells(
    values: list[float | None], minutes: int, chooser: random.Random
) -> None:
    watched = rule(stretch=minutes * MINUTE)
    known = {5 * number: value for number, value in enumerate(values) if value is not None}
    whole = told(watched, known, at("150m"))
    state, pieces, after = GridState(), [], START - MINUTE
    for seconds in (*sorted(chooser.choice(range(9000)) for _ in range(8)), 9000):
        through = START + timedelta(seconds=seconds)
        pieces += advance(watched, state, measured(known), after, through)
        state = msgspec.json.decode(msgspec.json.encode(state), type=GridState)
        after = through
    assert pieces == whole
