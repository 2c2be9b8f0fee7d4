"""The sequence kind as its authors write it."""

from typing import ClassVar

from pydantic import Field, model_validator

from domain.config_file import show
from domain.rule import SequenceRule
from rules.config_parts import CommonConfig, KindConfig, Name
from rules.references import References


class SequenceConfig(KindConfig):
    """`event` must not come without what it requires."""

    takes: ClassVar[frozenset[str]] = frozenset(("where",))

    object_type: Name = Field(alias="object")
    event_type: Name = Field(alias="event")
    requires: Name

    @model_validator(mode="after")
    def _differ(self) -> "SequenceConfig":
        if self.event_type == self.requires:
            raise ValueError(f"event and requires are both {show(self.event_type)}; name what must come before it")
        return self

    def rule(self, group: str, common: CommonConfig, references: References) -> SequenceRule:
        """The rule it describes."""
        return SequenceRule(
            group=group,
            name=common.alert,
            version="",
            labels=common.labels,
            annotations=common.annotations,
            object_type=self.object_type,
            where=common.where,
            event_type=self.event_type,
            requires=self.requires,
            level=common.level,
        )
