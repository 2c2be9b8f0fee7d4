"""What the close is of: its gates, the periods of legal entities, whose word counts, and how amounts are compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from close.catalog import CloseDefinition
from domain.close import Gate, GateKind
from domain.contract import Contracts
from domain.errors import UsageError
from domain.period import Period, Periods, PeriodScheme
from storage.close_cases import Extent
from storage.kpi_cases import Pricing

# How many periods back may be chosen from a list.
_PERIODS_BACK = 12


@dataclass(frozen=True, slots=True)
class Scope:
    """A period of some legal entities, and where its cases lie."""

    period: Period
    extent: Extent


@dataclass(frozen=True)
class CloseBook:
    """All that readings of the close rest on beside the store."""

    definition: CloseDefinition
    periods: Periods
    contracts: Contracts
    pricing: Pricing

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates in their order."""
        return self.definition.gates

    def gate(self, name: str) -> Gate:
        """The gate of an id; UsageError where there is none."""
        for gate in self.gates:
            if gate.id == name:
                return gate
        raise UsageError(f"there is no gate {name!r}; there are {', '.join(gate.id for gate in self.gates)}")

    @property
    def awaited_types(self) -> frozenset[str]:
        """The event types that any gate waits for."""
        return frozenset(type_ for gate in self.gates for type_ in gate.awaits)

    @property
    def awaited_sources(self) -> frozenset[str]:
        """The sources whose word counts for those."""
        events = self.contracts.events
        return frozenset(source for type_ in self.awaited_types if type_ in events for source in events[type_].sources)

    def scopes(self, name: str, at: datetime) -> list[Scope]:
        """The periods of that name, one for each way of cutting years; without a name those whose cutoff comes next.

        UsageError where nobody has a period of that name.
        """
        found = [
            Scope(period, Extent(*scheme.bounds(period), entities, others, period.cutoff_at))
            for scheme, entities, others in self._schemes()
            if (period := scheme.named(name) if name else scheme.closing(at)) is not None
        ]
        if not found:
            shown = ", ".join(self.period_names(at)[:3])
            raise UsageError(f"there is no period {name!r}; give one such as {shown}")
        return found

    def scope_of(self, legal_entity: str, name: str, at: datetime) -> Scope:
        """The period of one legal entity; UsageError where it has none of that name."""
        scheme = self.periods.scheme(legal_entity)
        period = scheme.named(name) if name else scheme.closing(at)
        if period is None:
            raise UsageError(
                f"{legal_entity or 'the unknown legal entity'} has no period {name!r}; "
                f"the one whose cutoff comes next is {scheme.closing(at).name}"
            )
        extent = Extent(*scheme.bounds(period), (legal_entity,), others=False, cutoff_at=period.cutoff_at)
        return Scope(period, extent)

    def period_names(self, at: datetime) -> list[str]:
        """The periods to choose from: the one whose cutoff comes next, then the others, the latest first."""
        closing: list[str] = []
        others: set[str] = set()
        for scheme, _, _ in self._schemes():
            period = scheme.closing(at)
            closing.append(period.name)
            others.add(scheme.period(at).name)
            for _ in range(_PERIODS_BACK):
                period = scheme.before(period)
                others.add(period.name)
        first = list(dict.fromkeys(closing))
        return [*first, *sorted(others - set(first), reverse=True)]

    def _schemes(self) -> Iterator[tuple[PeriodScheme, tuple[str, ...], bool]]:
        named = self.periods.by_legal_entity
        yield self.periods.default, tuple(sorted(named)), True
        for scheme in {scheme.name: scheme for scheme in named.values()}.values():
            own = tuple(sorted(entity for entity, one in named.items() if one.name == scheme.name))
            yield scheme, own, False


def counted_gates(book: CloseBook) -> list[Gate]:
    """The gates whose cases are kept."""
    return [gate for gate in book.gates if gate.kind is not GateKind.SOURCES]
