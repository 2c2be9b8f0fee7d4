"""What rules refer to beside themselves: calendars by name, and what is agreed in the contracts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.calendar import Calendar
from domain.contract import Contracts


@dataclass(frozen=True, slots=True)
class References:
    """The calendars and contracts that rules are read with."""

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    contracts: Contracts = field(default_factory=Contracts)

    def calendar(self, name: str | None) -> Calendar | None:
        """The calendar of that name; None where there is no name, or no such calendar."""
        return None if name is None else self.calendars.get(name)
