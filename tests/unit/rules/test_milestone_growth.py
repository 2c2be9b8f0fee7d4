"""An object with very many events: the work grows about as the events do, in whatever order they arrived."""

import sys
from datetime import timedelta
from types import FrameType

import pytest

from domain.milestone import Milestone
from domain.rule import Pairing
from rules.alert_state import transitions
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


def calls(events: int, pairing: Pairing, *, is_reversed: bool) -> int:
    """How many calls of functions it takes to judge the object."""
    tested, received = rule(pairing=pairing, within=MINUTE / 2), history(events, is_reversed=is_reversed)
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        transitions(tested, ORDER, received, None, START + timedelta(days=30))
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "reversed"])
@pytest.mark.parametrize("pairing", Pairing)
def test_four_times_the_events_take_about_four_times_the_work(pairing: Pairing, is_reversed: bool) -> None:
    few, many = (calls(events, pairing, is_reversed=is_reversed) for events in (200, 800))

    # Six leaves room for the logarithm of sorting; sixteen is what comparing each with each takes.
    assert many < 6 * few
