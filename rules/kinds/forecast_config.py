"""The forecast kind as its authors write it."""

import difflib
import re
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema

from domain.config_file import show
from domain.duration import write_duration
from domain.forecast_rule import ATTRIBUTE, SEGMENT_FACTS, ForecastRule
from domain.rule import MilestoneRule, Pairing
from rules.config_parts import CommonConfig, Duration, KindConfig, Name, Percent
from rules.references import References

_SHORTEST, _LONGEST = timedelta(days=1), timedelta(days=730)
_ATTRIBUTE = re.compile(r"attributes\['([^'\\]+)'\]")
_ACCEPTED = f"{', '.join(SEGMENT_FACTS)} or attributes['key']"


def _chance(share: Fraction) -> Fraction:
    if not 0 < share < 1:
        raise ValueError(f"is {float(share * 100):g}%; give more than 0% and less than 100%, such as 80%")
    return share


def _learn_from(duration: timedelta) -> timedelta:
    if not _SHORTEST <= duration <= _LONGEST:
        raise ValueError(
            f"is {write_duration(duration)}; give {write_duration(_SHORTEST)} to {write_duration(_LONGEST)}"
        )
    return duration


def _segment_name(name: str) -> str:
    if name in SEGMENT_FACTS:
        return name
    if found := _ATTRIBUTE.fullmatch(name):
        return f"{ATTRIBUTE}{found[1]}"
    near = difflib.get_close_matches(name, SEGMENT_FACTS, n=1)
    raise ValueError(f"is {show(name)};{f' did you mean {near[0]}?' if near else ''} accepted: {_ACCEPTED}")


def _once_each(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("names the same twice; name each once")
    return names


_SegmentName = Annotated[
    str,
    AfterValidator(_segment_name),
    WithJsonSchema({"type": "string", "pattern": rf"^({'|'.join(SEGMENT_FACTS)}|attributes\['[^'\\]+'\])$"}),
]


class ForecastConfig(KindConfig):
    """A clock of the milestone rule `of` is at risk once it is missed with this `chance`, by cases of its segment."""

    takes: ClassVar[frozenset[str]] = frozenset(("intervention",))

    of: Name
    chance: Annotated[Percent, AfterValidator(_chance)] = Fraction(4, 5)
    segment: Annotated[tuple[_SegmentName, ...], AfterValidator(_once_each)] = ()
    learn_from: Annotated[Duration, AfterValidator(_learn_from)] = timedelta(days=90)
    at_least: Annotated[int, Field(ge=5)] = 30

    @property
    def of_rule(self) -> str | None:
        """The milestone rule."""
        return self.of

    def misfit(self, target: MilestoneRule) -> str | None:
        """What keeps a milestone rule from being forecast."""
        if target.pairing is Pairing.ONE_TO_ONE:
            return (
                f'of is "{target.name}", whose pairing is one_to_one: which {target.to_type} a clock gets is not known '
                "before those of the others; give a rule with pairing first or each"
            )
        return None

    def rule(self, group: str, common: CommonConfig, references: References) -> ForecastRule:
        """The rule it describes."""
        target = references.milestone_rules[self.of]
        return ForecastRule(
            **common.heading(group),
            object_type=target.object_type,
            where=target.where,
            target=target,
            chance=self.chance,
            segment=self.segment,
            learn_from=self.learn_from,
            at_least=self.at_least,
            level=common.level,
        )
