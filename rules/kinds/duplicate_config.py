"""The duplicate kind as its authors write it: an event that is there twice, or an object."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from domain.alike_rule import AlikeRule
from domain.config_file import Location, show
from domain.repeat_rule import RepeatRule
from domain.rule import Rule
from rules.config_parts import CommonConfig, KindConfig, Name, Percent, Window
from rules.references import References

# Below this, names that only begin alike would be thought the same.
_LEAST = Fraction(7, 10)
_NAMES = Fraction(9, 10)


def _likely(share: Fraction) -> Fraction:
    if not _LEAST <= share <= 1:
        raise ValueError(f"is {float(share * 100):g}%; give at least 70% and at most 100%")
    return share


class DuplicateConfig(KindConfig):
    """`event` must not happen `count` times, or no two objects may be `alike`."""

    takes: ClassVar[frozenset[str]] = frozenset(("where", "unless", "intervention"))

    object_type: Name = Field(alias="object")
    event_type: Name | None = Field(default=None, alias="event")
    count: Annotated[int, Field(ge=2, le=1000)] | None = None
    within: Window | None = None
    alike: Annotated[tuple[Literal["name", "tax_id", "email"], ...], Field(min_length=1)] | None = None
    described_by: tuple[Name, ...] = ()
    at_least: Annotated[Percent, AfterValidator(_likely)] | None = None
    tax_ids_may_differ: bool | None = None

    @model_validator(mode="after")
    def _is_one_form(self) -> "DuplicateConfig":
        if (self.event_type is None) == (self.alike is None):
            said = "has neither event nor alike" if self.alike is None else "has event and alike"
            raise ValueError(f"{said}; give event with count, or alike")
        if self.alike is None and self.count is None:
            raise ValueError("count is missing; give the number of the event that is one too many, such as 2")
        of_alike = ("described_by", "at_least", "tax_ids_may_differ")
        foreign = [key for key in (("count", "within") if self.alike else of_alike) if key in self.model_fields_set]
        if foreign:
            raise ValueError(f"{foreign[0]} says nothing beside {'alike' if self.alike else 'event'}; remove it")
        if self.alike and "name" not in self.alike and self.at_least is not None:
            raise ValueError("at_least is about names, and alike does not list name; remove it")
        if self.alike and "tax_id" not in self.alike and self.tax_ids_may_differ is not None:
            raise ValueError("tax_ids_may_differ says nothing where alike does not list tax_id; remove it")
        return self

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit."""
        super().check(common)
        if self.alike and common.where is not None:
            raise ValueError("where says nothing beside alike, which compares objects and not events; remove it")
        repeated = [name for name in (self.event_type, *self.described_by) if name in common.unless]
        if repeated:
            raise ValueError(f"unless names {show(repeated[0])}, which the rule itself is about")

    def problems(self, references: References) -> Iterator[tuple[Location, str]]:
        """Where nothing says which events describe the objects."""
        if self.alike and not self.described_by and not self._described_by(references, ()):
            yield (
                ("object",),
                f'no contract has events of "{self.object_type}"; say in described_by which event types state its '
                f"{', '.join(self.alike)}",
            )

    def rule(self, group: str, common: CommonConfig, references: References) -> Rule:
        """The rule it describes."""
        shared: dict[str, Any] = {
            **common.heading(group),
            "object_type": self.object_type,
            "unless": common.unless,
            "level": common.level,
        }
        if self.alike:
            return AlikeRule(
                **shared,
                attributes=tuple(sorted(set(self.alike))),
                described_by=self._described_by(references, common.unless),
                at_least=self.at_least or _NAMES,
                tax_ids_may_differ=bool(self.tax_ids_may_differ),
            )
        assert self.event_type is not None
        assert self.count is not None
        return RepeatRule(
            **shared, where=common.where, event_type=self.event_type, count=self.count, within=self.within
        )

    def _described_by(self, references: References, unless: tuple[str, ...]) -> tuple[str, ...]:
        events = references.contracts.events.values()
        agreed = {contract.type for contract in events if contract.object_type == self.object_type}
        return tuple(sorted(set(self.described_by) or agreed - set(unless)))
