"""The authority kind as its authors write it."""

import difflib
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from domain.authority_rule import AuthorityRule
from domain.config_file import Location, show
from domain.contract import EventContract
from domain.reconcile_rule import PRESENCE
from rules.agreed_fields import doubt_fields
from rules.config_parts import CommonConfig, FieldName, KindConfig, Name
from rules.references import References


class AuthorityConfig(KindConfig):
    """No source without a contract's authority may state an event of the object, or only `event`, or the `field`."""

    takes: ClassVar[frozenset[str]] = frozenset(("where", "unless", "intervention"))

    object_type: Name = Field(alias="object")
    event_type: Name | None = Field(default=None, alias="event")
    field: FieldName | None = None

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit."""
        super().check(common)
        if self.field == PRESENCE:
            raise ValueError("field is presence, which nobody states; give a field, such as tax_id, or none")
        if self.event_type in common.unless:
            raise ValueError(f"unless names {show(self.event_type)}, which the rule itself is about")

    def problems(self, references: References) -> Iterator[tuple[Location, str]]:
        """Where no contract says who may state it."""
        events = list(references.contracts.events.values())
        of_object = [contract for contract in events if contract.object_type == self.object_type]
        if not of_object:
            known = sorted({contract.object_type for contract in events})
            accepted = f"give one of {', '.join(known)}" if known else "there are no contracts"
            yield ("object",), f'no contract has events of "{self.object_type}"; {accepted}'
        elif self.event_type and not self._agreed(references):
            names = sorted(contract.type for contract in of_object)
            near = difflib.get_close_matches(self.event_type, names, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"give one of {', '.join(names)}"
            yield ("event",), f'no contract of {self.object_type} says who may state "{self.event_type}"; {hint}'

    def doubts(self, references: References) -> Iterator[tuple[Location, str]]:
        """Where no contract names the field."""
        if self.field:
            types = [contract.type for contract in self._agreed(references)]
            yield from doubt_fields(references.contracts, types, [(("field",), self.field)])

    def rule(self, group: str, common: CommonConfig, references: References) -> AuthorityRule:
        """The rule it describes, with the owners that the contracts name now."""
        return AuthorityRule(
            **common.heading(group),
            object_type=self.object_type,
            where=common.where,
            owners={
                name: self._owners(contract)
                for contract in self._agreed(references)
                for name in (contract.type, *contract.aliases)
                if name not in common.unless
            },
            field=self.field,
            unless=common.unless,
            level=common.level,
        )

    def _agreed(self, references: References) -> list[EventContract]:
        """The contracts of the events that the rule is about."""
        return [
            contract
            for contract in references.contracts.events.values()
            if contract.object_type == self.object_type and self.event_type in (None, contract.type, *contract.aliases)
        ]

    def _owners(self, contract: EventContract) -> tuple[str, ...]:
        if self.field is not None:
            return tuple(sorted(contract.sources_of(self.field)))
        owners = {*contract.sources, *(source for named in contract.field_sources.values() for source in named)}
        return tuple(sorted(source for source in owners if contract.may_state(source)))
