"""What rules refer to beside themselves: calendars, accounting periods, contracts, and milestone rules by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.calendar import Calendar
from domain.contract import Contracts
from domain.intervention import KnownInterventions
from domain.kpi_watch import KnownKpis
from domain.period import Periods
from domain.rule import MilestoneRule
from rules.calendars import load_calendars
from rules.periods import load_periods


@dataclass(frozen=True, slots=True)
class References:
    """The calendars, contracts and accounting periods that rules are read with, and the rules that others are about.

    Without `interventions` nobody knows which there are, and their names are not checked: no verdict needs them. So it
    is with `kpis`, as bounds say their unit themselves.
    """

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    contracts: Contracts = field(default_factory=Contracts)
    periods: Periods = field(default_factory=Periods)
    milestone_rules: Mapping[str, MilestoneRule] = field(default_factory=dict)
    interventions: KnownInterventions | None = None
    kpis: KnownKpis | None = None

    def calendar(self, name: str | None) -> Calendar | None:
        """The calendar of that name; None where there is no name, or no such calendar."""
        return None if name is None else self.calendars.get(name)


def load_references(
    calendars_file: Path,
    contracts: Contracts,
    interventions: KnownInterventions | None = None,
    kpis: KnownKpis | None = None,
) -> References:
    """The calendars and periods of a file, beside contracts; ConfigError names every problem in it."""
    calendars = load_calendars([calendars_file])
    periods = load_periods(calendars_file, calendars)
    return References(calendars, contracts, periods, interventions=interventions, kpis=kpis)
