"""A rule that nobody states what others answer for; see DESIGN, authority."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.rule import ObjectRule


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityRule(ObjectRule):
    """No source but those of `owners` (event type → sources) may state an event of that type, or the `field` in it.

    An event is set right by an owner's event of that type at or after it. A field is no breach where the owners said
    the same last, and is set right when one of them says the same. The owners are those of the contracts.
    """

    owners: Mapping[str, tuple[str, ...]]
    field: str | None = None
    unless: tuple[str, ...] = ()
    level: str = "warning"

    @property
    def event_types(self) -> frozenset[str]:
        """What has owners, and what ends an alert."""
        return self.opening_types | frozenset(self.unless)

    @property
    def opening_types(self) -> frozenset[str]:
        """What has owners."""
        return frozenset(self.owners)
