"""An object with very many events: the work grows about as the events do, in whatever order they arrived."""

import sys
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

import pytest

from domain.milestone import Milestone
from domain.rule import MilestoneRule, Pairing, Pause
from rules.alert_state import transitions
from rules.kinds.milestone import judge
from tests.unit.rules.histories import MINUTE, ORDER, START, rule


def history(events: int, *, is_reversed: bool) -> list[Milestone]:
    """Approved and posted in turn, a minute apart; all received afterwards, in order or the last one first."""
    return [
        Milestone(
            type=("approved", "posted")[number % 2],
            occurred_at=START + number * MINUTE,
            received_at=START + (events + (events - number if is_reversed else number)) * MINUTE,
            source="crm",
            event_id=f"{number:06}",
        )
        for number in range(events)
    ]


def held_and_released(events: int, pairing: Pairing) -> list[Milestone]:
    """Many pauses of a minute, each received as it occurred: of one clock, or one in each of many."""
    turn = ("held", "released") if pairing is Pairing.FIRST else ("approved", "held", "released", "posted")
    types = ["approved", *(turn[number % len(turn)] for number in range(events - 1))]
    return [
        Milestone(type_, START + number * MINUTE, START + number * MINUTE, "crm", f"{number:06}")
        for number, type_ in enumerate(types)
    ]


def calls(tested: MilestoneRule, received: list[Milestone]) -> int:
    """How many calls of functions it takes to judge the object as its history arrived."""
    return counted(transitions, tested, ORDER, received, None, START + timedelta(days=30))


def counted(function: Callable[..., object], *arguments: object) -> int:
    """How many calls of functions one of these takes."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "reversed"])
@pytest.mark.parametrize("pairing", Pairing)
def test_four_times_the_events_take_about_four_times_the_work(pairing: Pairing, is_reversed: bool) -> None:
    tested = rule(pairing=pairing, within=MINUTE / 2)
    few, many = (calls(tested, history(events, is_reversed=is_reversed)) for events in (200, 800))

    # Six leaves room for the logarithm of sorting; sixteen is what comparing each with each takes.
    assert many < 6 * few


@pytest.mark.parametrize("pairing", Pairing)
def test_four_times_the_pauses_take_about_four_times_the_work(pairing: Pairing) -> None:
    tested = rule(pairing=pairing, pause=Pause("held", "released"), within=10 * MINUTE)
    few, many = (calls(tested, held_and_released(events, pairing)) for events in (400, 1600))

    assert many < 6 * few


def test_many_pauses_cost_a_question_at_one_instant_no_more() -> None:
    tested = rule(pairing=Pairing.EACH, pause=Pause("held", "released"), within=10 * MINUTE)
    at = START + timedelta(days=30)
    few, many = (counted(judge, tested, held_and_released(events, Pairing.EACH), at) for events in (400, 1600))

    assert many < 6 * few
