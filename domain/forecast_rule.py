"""A rule that forecasts which running clocks of a milestone rule will likely be missed; see DESIGN, forecast."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Protocol

from domain.milestone import Facts
from domain.rule import MilestoneRule, ObjectRule
from domain.survival import SurvivalCurve

# What is part of every version of such a rule: how a curve is learnt from cases. Whoever changes that counts it up, so
# that curves learnt in the former way are not mixed with the new.
WAY_OF_LEARNING = 1
# How cases with a value of every name are told apart; an empty one is all cases.
Segment = tuple[str, ...]
EVERYTHING: Segment = ()
SEGMENT_FACTS = ("region", "legal_entity", "currency", "source")
ATTRIBUTE = "attributes."


class Forecasts(Protocol):
    """The curves of a rule, by segment, that were learnt at the instants of its grid."""

    @property
    def earliest(self) -> timedelta | None:
        """The least counted time after which any of them makes a clock at risk; None: no time does."""

    def learnt_at(self, instant: datetime) -> Mapping[Segment, SurvivalCurve]:
        """Those learnt at an instant of the grid; none where nothing was learnt then."""


class NoForecasts:
    """Nothing was learnt."""

    earliest: timedelta | None = None

    def learnt_at(self, instant: datetime) -> Mapping[Segment, SurvivalCurve]:
        """None at any instant."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRule(ObjectRule):
    """A clock of `target` is at risk once the chance that it misses its deadline is at least `chance`.

    The chance is that of the cases of its `segment` that started within `learn_from`, or of all cases where fewer than
    `at_least` of the segment completed. `forecasts` are the curves to judge by: no part of what the rule says.
    """

    target: MilestoneRule
    chance: Fraction
    segment: tuple[str, ...] = ()
    learn_from: timedelta
    at_least: int
    level: str = "warning"
    way: int = WAY_OF_LEARNING
    forecasts: Forecasts = field(default_factory=NoForecasts, compare=False, repr=False)

    @property
    def event_types(self) -> frozenset[str]:
        """Those of the milestone rule."""
        return self.target.event_types

    @property
    def opening_types(self) -> frozenset[str]:
        """What starts a clock."""
        return self.target.opening_types

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those of the milestone rule."""
        return self.target.conditions

    @property
    def windows(self) -> frozenset[timedelta]:
        """The windows that a clock may have, but for those that a period cuts short."""
        return frozenset((self.target.within, *(override.within for override in self.target.overrides)))

    def segment_of(self, source: str, facts: Facts) -> Segment | None:
        """The segment of a case that started with these facts; None where one is unknown."""
        values = [_value(name, source, facts) for name in self.segment]
        return tuple(value for value in values if value) if all(values) else None


def _value(name: str, source: str, facts: Facts) -> str | None:
    if name.startswith(ATTRIBUTE):
        return facts.attributes.get(name.removeprefix(ATTRIBUTE))
    if name == "source":
        return source
    value: str | None = getattr(facts, name)
    return value
