"""The absence kind as its authors write it."""

import difflib
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from pydantic import Field, model_validator

from domain.config_file import show
from domain.duration import write_duration
from domain.series_rule import AbsenceRule, label_set
from rules.config_parts import CommonConfig, KindConfig, Name, Window
from rules.references import References

LABELS = ("source", "legal_entity", "region", "currency", "object_type")


class AbsenceConfig(KindConfig):
    """`event` must not stay away for longer than `for`, for each set of values of the labels in `per`."""

    takes: ClassVar[frozenset[str]] = frozenset(("calendar",))
    window_key: ClassVar[str] = "for"

    event_type: Name = Field(alias="event")
    per: tuple[str, ...] = ()
    stretch: Window = Field(alias="for")
    seen_within: Window = timedelta(days=30)
    expect: tuple[dict[str, str], ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "AbsenceConfig":
        check_labels(self.per, LABELS)
        if self.seen_within <= self.stretch:
            raise ValueError(
                f"seen_within is {write_duration(self.seen_within)}; give more than the {write_duration(self.stretch)} "
                "after which it is missing"
            )
        for number, labels in enumerate(self.expect, start=1):
            if labels.keys() != set(self.per):
                given = f"names {', '.join(sorted(labels))}" if labels else "names no labels"
                accepted = f"those of per: {', '.join(self.per)}" if self.per else "none: there is no per"
                raise ValueError(f"entry {number} of expect {given}; give {accepted}")
        return self

    def longest_window(self, common: CommonConfig) -> timedelta:
        """How long it may stay away."""
        return self.stretch

    def rule(self, group: str, common: CommonConfig, references: References) -> AbsenceRule:
        """The rule it describes."""
        return AbsenceRule(
            **common.heading(group),
            level=common.level,
            event_type=self.event_type,
            stretch=self.stretch,
            per=self.per,
            forget_after=self.seen_within,
            expect=tuple(label_set(self.per, labels) for labels in self.expect),
            calendar=references.calendar(common.calendar),
        )


def check_labels(per: Sequence[str], accepted: Sequence[str], where: str = "per") -> None:
    """ValueError where a label is not one of those there are, or stands twice."""
    for name in per:
        if name not in accepted:
            near = difflib.get_close_matches(name, accepted, n=1)
            hint = f'did you mean "{near[0]}"? ' if near else ""
            raise ValueError(
                f"{where} names {show(name)}, which is no label here; {hint}accepted: {', '.join(accepted)}"
            )
        if per.count(name) > 1:
            raise ValueError(f"{where} names {show(name)} twice; give it once")
