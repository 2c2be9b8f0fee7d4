"""Counts the work that judging an object takes, without a clock."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from types import FrameType

from domain.milestone import Milestone
from domain.rule import ObjectRule
from rules.alert_state import transitions
from tests.unit.rules.histories import ORDER, START


def calls(rule: ObjectRule, history: Sequence[Milestone]) -> int:
    """How many calls of functions it takes to judge an object by its history."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        transitions(rule, ORDER, history, None, START + timedelta(days=3000))
    finally:
        sys.setprofile(before)
    return count
