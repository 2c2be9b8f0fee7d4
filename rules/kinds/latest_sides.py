"""Compares what two sides said of an object last, field by field."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.milestone import Milestone
from domain.reconcile_rule import AMOUNT, CURRENCY, PRESENCE, ReconcileRule, Side
from rules.kinds.course import Course, News
from rules.kinds.reconcile_values import Difference, Value, difference, differs, value_of
from rules.kinds.runs import Runs


class _Said(NamedTuple):
    """What each side said last of each field, whether it said anything at all, and whether all of that is over."""

    left: tuple[Value | None, ...]
    right: tuple[Value | None, ...]
    left_is_there: bool = False
    right_is_there: bool = False
    is_over: bool = False


class LatestSides:
    """The disagreements of two sides by the latest statement of each, as events become known."""

    def __init__(self, rule: ReconcileRule, instants: Sequence[datetime]) -> None:
        self._rule = rule
        # Amounts of two currencies disagree anyway.
        implied = {PRESENCE, CURRENCY} if AMOUNT in rule.on else {PRESENCE}
        self._fields = tuple(field for field in rule.on if field not in implied)
        nothing = (None,) * len(self._fields)
        self._course = Course(_Said(nothing, nothing), self._step)
        self.runs = Runs(instants, rule.fires_at)

    def learn(self, news: Iterable[News]) -> None:
        """Takes what became known at one instant."""
        changed = self._course.learn(news)
        self.runs.learn([(place, self._disagrees(said)) for place, said in changed])

    def differences(self, place: int) -> list[Difference]:
        """How the sides disagree from a place on."""
        rule, said = self._rule, self._course.state_at(place)
        if said.left_is_there and said.right_is_there:
            return [difference(rule, *values) for values in self._different(said)]
        there, missing = (rule.left, rule.right) if said.left_is_there else (rule.right, rule.left)
        return [absent(there, missing, left_is_there=said.left_is_there)]

    def _step(self, said: _Said, event: Milestone) -> _Said:
        rule = self._rule
        if said.is_over or event.type in rule.unless:
            return said._replace(is_over=True)
        if rule.left.says(event):
            return said._replace(left=self._updated(said.left, event), left_is_there=True)
        return said._replace(right=self._updated(said.right, event), right_is_there=True)

    def _updated(self, said: tuple[Value | None, ...], event: Milestone) -> tuple[Value | None, ...]:
        stated = (value_of(event, field) for field in self._fields)
        return tuple(old if new is None else new for old, new in zip(said, stated, strict=True))

    def _disagrees(self, said: _Said) -> bool:
        if said.is_over:
            return False
        if said.left_is_there and said.right_is_there:
            return any(True for _ in self._different(said))
        is_alone = said.left_is_there or (said.right_is_there and self._rule.where is None)
        return PRESENCE in self._rule.on and is_alone

    def _different(self, said: _Said) -> Iterator[tuple[str, Value, Value]]:
        """The fields of which both sides say something, and not the same."""
        for field, left, right in zip(self._fields, said.left, said.right, strict=True):
            if left is not None and right is not None and differs(self._rule, field, left, right):
                yield field, left, right


def absent(there: Side, missing: Side, *, left_is_there: bool) -> Difference:
    """One side says something, and the other nothing."""
    text = f"there is {there} and no {missing}"
    return Difference(text, *(("there", "missing") if left_is_there else ("missing", "there")))
