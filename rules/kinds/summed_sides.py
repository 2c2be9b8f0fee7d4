"""Compares the amount that one side said last with the sum of all that the other said.

What each event adds moves the difference at all places behind it, so differences are kept as bands that move by the
stretch: an order with ten thousand invoices costs a few steps an invoice, whatever the order in which they arrived.
Where something other than the difference decides, the bands are moved so far that it does; the heavier weight wins.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.milestone import Milestone
from domain.reconcile_rule import AMOUNT, PRESENCE, ReconcileRule
from rules.kinds.bands import Bands, Sums
from rules.kinds.course import News
from rules.kinds.latest_sides import absent
from rules.kinds.reconcile_values import Difference, Stated, difference_of_amounts, tolerance, value_of
from rules.kinds.runs import Runs

# A sum of which a part is unknown; a sum of two currencies; nothing to compare; a side is missing; all is over.
_UNKNOWN, _MIXED, _NOTHING, _MISSING, _OVER = (10**power for power in (90, 100, 110, 120, 130))
_Band = tuple[int, int]


def _agrees(weight: int) -> _Band:
    return (-weight, weight)


def _disagrees(weight: int) -> _Band:
    return (weight, weight)


class SummedSides:
    """The disagreements between the left's latest amount and the sum of the right's, as events become known."""

    def __init__(self, rule: ReconcileRule, instants: Sequence[datetime]) -> None:
        self._rule = rule
        self._places = places = len(instants)
        self.runs = Runs(instants, rule.fires_at)
        # Before the first event, without a sum and without a left amount, there is nothing to compare.
        self._bands = Bands(places, *_agrees(_OVER + 2 * _NOTHING))
        # From which place on each of these moves the bands.
        self._since: dict[str, int] = {}
        self._lefts: list[int] = []
        self._amounts: dict[int, Stated] = {}
        self._amount_places: list[int] = []
        self._rights: list[int] = []
        self._sums: dict[str, Sums] = {}
        self._counts = Sums(places)
        # By currency of the sum, the first place that states it.
        self._firsts: dict[str, int] = {}

    def learn(self, news: Iterable[News]) -> None:
        """Takes what became known at one instant."""
        for place, event in news:
            self._bands.take_in(place)
            if event is None:
                self._forget_left(place)
            elif event.type in self._rule.unless:
                self._set("over", min(place, self._since.get("over", place)), _agrees(_OVER))
            elif self._rule.left.says(event):
                self._learn_left(place, event)
            else:
                self._learn_right(place, event)
        self._note_who_is_there()
        self.runs.learn(self._bands.changed())

    def differences(self, place: int) -> list[Difference]:
        """How the sides disagree from a place on."""
        rule = self._rule
        left_is_there = bool(self._lefts) and self._lefts[0] <= place
        right_is_there = bool(self._rights) and self._rights[0] <= place
        if not (left_is_there and right_is_there):
            there, missing = (rule.left, rule.right) if left_is_there else (rule.right, rule.left)
            return [absent(there, missing, left_is_there=left_is_there)]
        left = self._amounts[self._amount_places[bisect_right(self._amount_places, place) - 1]]
        totals = [
            Stated(self._sums[currency].through(place), currency)
            for currency, first in sorted(self._firsts.items())
            if first <= place
        ]
        name = f"the sum of {self._counts.through(place)} {rule.right}"
        if len(totals) == 1:
            return [difference_of_amounts(rule, left, totals[0], name)]
        said = " and ".join(str(total) for total in totals)
        text = f"{rule.left} says {left}, {name} is {said}: amounts of several currencies, which cannot be added"
        return [Difference(text, str(left), said, at_risk=left)]

    def _learn_left(self, place: int, event: Milestone) -> None:
        if place in self._amounts:
            # Only what it inherits became known.
            return
        position = bisect_left(self._lefts, place)
        if self._lefts[position : position + 1] != [place]:
            self._lefts.insert(position, place)
        amount = value_of(event, AMOUNT)
        if isinstance(amount, Stated):
            position = bisect_left(self._amount_places, place)
            before = self._amounts[self._amount_places[position - 1]] if position else None
            self._amount_places.insert(position, place)
            self._amounts[place] = amount
            self._change(position, before, amount)

    def _forget_left(self, place: int) -> None:
        position = bisect_left(self._lefts, place)
        if position < len(self._lefts) and self._lefts[position] == place:
            del self._lefts[position]
        if place in self._amounts:
            position = bisect_left(self._amount_places, place)
            before = self._amounts[self._amount_places[position - 1]] if position else None
            self._change(position, self._amounts.pop(place), before)
            del self._amount_places[position]

    def _learn_right(self, place: int, event: Milestone) -> None:
        insort(self._rights, place)
        self._counts.add(place, 0 if event.type in self._rule.less else 1)
        amount = value_of(event, AMOUNT)
        if not isinstance(amount, Stated):
            self._set("unknown", min(place, self._since.get("unknown", place)), _agrees(_UNKNOWN))
        else:
            units = -amount.units if event.type in self._rule.less else amount.units
            den = self._rule.relative.denominator
            self._bands.move(place, self._places, -units * den, -units * den)
            self._sums.setdefault(amount.currency, Sums(self._places)).add(place, units)
            if place < self._firsts.get(amount.currency, self._places):
                self._learn_currency(amount.currency, place)

    def _learn_currency(self, currency: str, place: int) -> None:
        bands = [self._band(self._amounts[left]) for left in self._amount_places]
        before = self._currency
        self._firsts[currency] = place
        self._set("sum", min(self._firsts.values()), (_NOTHING, -_NOTHING))
        if self._currency != before:
            # What the left says is compared with another currency now.
            ends = [*self._amount_places[1:], self._places]
            for left, end, (old_low, old_high) in zip(self._amount_places, ends, bands, strict=False):
                low, high = self._band(self._amounts[left])
                self._bands.move(left, end, low - old_low, high - old_high)
        if len(self._firsts) > 1:
            self._set("mixed", sorted(self._firsts.values())[1], _disagrees(_MIXED))

    def _note_who_is_there(self) -> None:
        left = self._lefts[0] if self._lefts else self._places
        right = self._rights[0] if self._rights else self._places
        self._set("begun", min(left, right), (_OVER, -_OVER))
        if PRESENCE in self._rule.on:
            # With a condition on the left's statements only they make the object one that is compared.
            self._set("one side", min(left, right) if self._rule.where is None else left, _disagrees(_MISSING))
            self._set("both sides", max(left, right), _disagrees(-_MISSING))

    @property
    def _currency(self) -> str | None:
        """The currency of the sum where it begins; None where there is no sum."""
        return min(self._firsts, key=lambda currency: self._firsts[currency], default=None)

    def _set(self, name: str, since: int, by: _Band) -> None:
        """Lets something move the bands from a place on, instead of from another."""
        before = self._since.get(name, self._places)
        self._since[name] = since
        if since < before:
            self._bands.move(since, before, *by)
        else:
            self._bands.move(before, since, -by[0], -by[1])

    def _change(self, position: int, before: Stated | None, after: Stated | None) -> None:
        """Lets the left say another amount from one of its places up to the next."""
        places = self._amount_places
        end = places[position + 1] if position + 1 < len(places) else self._places
        (old_low, old_high), (low, high) = self._band(before), self._band(after)
        self._bands.move(places[position], end, low - old_low, high - old_high)

    def _band(self, left: Stated | None) -> _Band:
        if left is None:
            return _agrees(_NOTHING)
        most, den = tolerance(self._rule, left.units)
        low, high = left.units * den - most, left.units * den + most
        is_other = self._currency not in (None, left.currency)
        return (low + _MIXED, high + _MIXED) if is_other else (low, high)
