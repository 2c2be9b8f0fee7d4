"""The milestone kind as its authors write it."""

from datetime import timedelta
from fractions import Fraction
from typing import ClassVar

from pydantic import Field, model_validator

from domain.config_file import show
from domain.rule import MilestoneRule, Override, Pairing, Pause, SeverityStep
from rules.config_parts import CommonConfig, KindConfig, Name, Skew, Window
from rules.references import References


class MilestoneConfig(KindConfig):
    """After `from` an object must reach `to` within a time; `pairing` and `skew` may stand here or beside it."""

    takes: ClassVar[frozenset[str]] = frozenset(
        ("where", "overrides", "calendar", "pause", "unless", "pairing", "skew", "at_risk", "close", "intervention")
    )
    has_steps: ClassVar[bool] = True

    object_type: Name = Field(alias="object")
    from_type: Name = Field(alias="from")
    to_type: Name = Field(alias="to")
    within: Window
    pairing: Pairing | None = None
    skew: Skew | None = None

    @model_validator(mode="after")
    def _differ(self) -> "MilestoneConfig":
        if self.from_type == self.to_type:
            raise ValueError(f"from and to are both {show(self.from_type)}; such a clock stops where it starts")
        return self

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit."""
        super().check(common)
        for key in ("pairing", "skew"):
            if getattr(common, key) is not None and getattr(self, key) is not None:
                raise ValueError(f"{key} is given twice, here and under milestone; give it once")
        for event_type in (self.from_type, self.to_type):
            if event_type in common.unless:
                raise ValueError(f"unless names {show(event_type)}, which the milestone itself goes from or to")

    def longest_window(self, common: CommonConfig) -> timedelta:
        """The most counted time any of the rule's instants lies after a start."""
        longest = max([self.within, *(override.within for override in common.overrides)])
        share = max(Fraction(1), common.severity[-1].at)
        return longest * share.numerator / share.denominator

    def rule(self, group: str, common: CommonConfig, references: References) -> MilestoneRule:
        """The rule it describes."""
        return MilestoneRule(
            **common.heading(group),
            object_type=self.object_type,
            where=common.where,
            from_type=self.from_type,
            to_type=self.to_type,
            within=self.within,
            pairing=self.pairing or common.pairing or Pairing.FIRST,
            skew=next((skew for skew in (self.skew, common.skew) if skew is not None), timedelta(0)),
            unless=common.unless,
            overrides=tuple(Override(override.where, override.within) for override in common.overrides),
            calendar=references.calendar(common.calendar),
            pause=Pause(common.pause.from_type, common.pause.until_type) if common.pause else None,
            at_risk=common.at_risk,
            close=references.periods if common.close else None,
            severity=tuple(SeverityStep(step.at, step.level) for step in common.severity),
        )
