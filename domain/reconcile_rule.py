"""A rule that two sides must say the same of an object; see DESIGN, reconcile."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from domain.calendar import Calendar
from domain.instants import LATEST
from domain.milestone import Milestone
from domain.rule import ObjectRule

AMOUNT, CURRENCY, PRESENCE = "amount", "currency", "presence"
# What contracts call an attribute: this, and its key.
ATTRIBUTES = "attributes."


@dataclass(frozen=True, slots=True)
class Side:
    """Whose word it is: events of these types, of one source or (None) of any."""

    event_types: tuple[str, ...]
    source: str | None = None
    name: str = ""

    def __str__(self) -> str:
        return self.name or " or ".join(self.event_types)

    def says(self, milestone: Milestone) -> bool:
        """Whether an event is a statement of this side."""
        return milestone.type in self.event_types and self.source in (None, milestone.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRule(ObjectRule):
    """`left` and `right` must not disagree on any field of `on` for as long as `settle`.

    A side says of a field what its latest event says that states the field itself; with `sums` the right says the sum
    of all its amounts, less those of the types in `less`. `where` is asked of the left's statements. What one side does
    not state is no disagreement, but with `presence` in `on` it is one that a side says nothing at all (with `where`,
    that the right does). Amounts, and fields in `numbers`, may be apart by `absolute` or by the share `relative` of the
    left's, whichever is more, and still agree. From the first `unless` on nothing is compared. `calendar` counts
    `settle`.
    """

    left: Side
    right: Side
    on: tuple[str, ...]
    numbers: frozenset[str] = frozenset()
    sums: bool = False
    less: tuple[str, ...] = ()
    absolute: Decimal = Decimal(0)
    relative: Fraction = Fraction(0)
    settle: timedelta = timedelta(0)
    calendar: Calendar | None = None
    unless: tuple[str, ...] = ()
    level: str = "warning"

    def is_right(self, milestone: Milestone) -> bool:
        """Whether an event is a statement of the right, or is taken off its sum."""
        return replace(self.right, event_types=(*self.right.event_types, *self.less)).says(milestone)

    @property
    def event_types(self) -> frozenset[str]:
        """What the sides say, what is taken off a sum, and what ends the comparison."""
        return frozenset((*self.left.event_types, *self.right.event_types, *self.less, *self.unless))

    @property
    def opening_types(self) -> frozenset[str]:
        """The left's statements; where it matters that there are none, the right's as well."""
        only_right = () if self.where or PRESENCE not in self.on else (*self.right.event_types, *self.less)
        return frozenset((*self.left.event_types, *only_right))

    @property
    def case_types(self) -> frozenset[str]:
        """Whatever either side says may be where they begin to disagree."""
        return frozenset((*self.left.event_types, *self.right.event_types, *self.less))

    @property
    def awaited_types(self) -> frozenset[str]:
        """What is missing: where presence counts either side, and of a sum the rest."""
        if PRESENCE in self.on:
            return frozenset((*self.left.event_types, *self.right.event_types))
        return frozenset(self.right.event_types) if self.sums else frozenset()

    def fires_at(self, since: datetime) -> datetime:
        """When a disagreement since an instant has lasted for `settle`."""
        if self.calendar is None:
            return since + self.settle
        return self.calendar.add(since, self.settle) or LATEST
