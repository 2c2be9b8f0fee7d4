"""The duplicate kind as its authors write it: an event that is there twice, or an object."""

from typing import ClassVar

from pydantic import Field

from domain.config_file import show
from domain.repeat_rule import RepeatRule
from rules.config_parts import CommonConfig, KindConfig, Name, Window
from rules.references import References


class DuplicateConfig(KindConfig):
    """`event` must not happen `count` times."""

    takes: ClassVar[frozenset[str]] = frozenset(("where", "unless"))

    object_type: Name = Field(alias="object")
    event_type: Name = Field(alias="event")
    count: int = Field(ge=2, le=1000)
    within: Window | None = None

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit."""
        super().check(common)
        if self.event_type in common.unless:
            raise ValueError(f"unless names {show(self.event_type)}, which must not be repeated itself")

    def rule(self, group: str, common: CommonConfig, references: References) -> RepeatRule:
        """The rule it describes."""
        return RepeatRule(
            group=group,
            name=common.alert,
            version="",
            labels=common.labels,
            annotations=common.annotations,
            object_type=self.object_type,
            where=common.where,
            event_type=self.event_type,
            count=self.count,
            within=self.within,
            unless=common.unless,
            level=common.level,
        )
