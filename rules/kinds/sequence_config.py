"""The sequence kind as its authors write it, in one of four forms."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from domain.config_file import Location, show
from domain.contract import StateMachine
from domain.rule import ObjectRule, SequenceRule
from domain.sequence_rule import LegalRule, NotBeforeRule, NotWhileRule
from rules.config_parts import CommonConfig, KindConfig, Name, StretchConfig
from rules.references import References

_FORMS = ("requires", "not_before", "not_while", "legal")


class SequenceConfig(KindConfig):
    """`event` must not come without or before another one, or while something lasts; or all must be legal."""

    takes: ClassVar[frozenset[str]] = frozenset(("where", "unless", "intervention"))

    object_type: Name = Field(alias="object")
    event_type: Name | None = Field(default=None, alias="event")
    requires: Name | None = None
    not_before: Name | None = None
    not_while: StretchConfig | None = None
    legal: Literal["contract"] | None = None

    @model_validator(mode="after")
    def _is_one_form(self) -> "SequenceConfig":
        given = [form for form in _FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            said = f"has {' and '.join(given)}" if given else "does not say what must hold"
            raise ValueError(f"{said}; give one of {', '.join(_FORMS)}")
        if self.legal and self.event_type is not None:
            raise ValueError("event says nothing beside legal, which is about all transitions; remove it")
        if not self.legal and self.event_type is None:
            raise ValueError(f"event is missing; name what must not come against {given[0]}")
        if self.event_type in self._others:
            raise ValueError(f"event and {given[0]} both name {show(self.event_type)}; name two event types")
        return self

    @property
    def _others(self) -> tuple[str, ...]:
        stretch = (self.not_while.from_type, self.not_while.until_type) if self.not_while else ()
        return tuple(name for name in (self.requires, self.not_before, *stretch) if name is not None)

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit."""
        super().check(common)
        if self.event_type in common.unless:
            raise ValueError(f"unless names {show(self.event_type)}, which the sequence itself is about")

    def problems(self, references: References) -> Iterator[tuple[Location, str]]:
        """Where the contracts have no state machine for the object."""
        if self.legal and self._machine(references) is None:
            known = sorted(name for name, contract in references.contracts.objects.items() if contract.machine)
            accepted = f"one of {', '.join(known)}" if known else "none: no contract has transitions"
            yield ("object",), f'no contract says which transitions of "{self.object_type}" are legal; give {accepted}'

    def rule(self, group: str, common: CommonConfig, references: References) -> ObjectRule:
        """The rule it describes."""
        shared: dict[str, Any] = {
            **common.heading(group),
            "object_type": self.object_type,
            "where": common.where,
            "unless": common.unless,
            "level": common.level,
        }
        if machine := self._machine(references) if self.legal else None:
            return LegalRule(**shared, machine=machine)
        assert self.event_type is not None
        if self.requires:
            return SequenceRule(**shared, event_type=self.event_type, requires=self.requires)
        if self.not_before:
            return NotBeforeRule(**shared, event_type=self.event_type, not_before=self.not_before)
        assert self.not_while is not None
        stretch = self.not_while
        return NotWhileRule(
            **shared, event_type=self.event_type, from_type=stretch.from_type, until_type=stretch.until_type
        )

    def _machine(self, references: References) -> StateMachine | None:
        contract = references.contracts.objects.get(self.object_type)
        if contract is None or contract.machine is None:
            return None
        # In order, so that the same transitions written otherwise make the same version.
        transitions = {state: dict(sorted(legal.items())) for state, legal in contract.machine.transitions.items()}
        return StateMachine(contract.machine.start, dict(sorted(transitions.items())))
