"""A rule on what must not happen to an object so many times; see DESIGN, duplicate."""

from dataclasses import dataclass
from datetime import timedelta

from domain.rule import ObjectRule


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRule(ObjectRule):
    """`event_type` must not happen to an object `count` times; with `within`, not in any stretch of that length."""

    event_type: str
    count: int
    within: timedelta | None = None
    unless: tuple[str, ...] = ()
    level: str = "warning"

    @property
    def event_types(self) -> frozenset[str]:
        """What must not be repeated, and what ends an alert."""
        return frozenset((self.event_type, *self.unless))

    @property
    def opening_types(self) -> frozenset[str]:
        """What must not be repeated."""
        return frozenset((self.event_type,))
