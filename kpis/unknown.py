"""Says why a figure is unknown, or what is not in it, so that nobody takes an unknown for a zero."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.instants import format_instant
from domain.kpi import Kpi, Origin, Statistic
from storage.kpi_cases import SliceFigures, Unpriced

NO_CASE = "no case ended in this time"
NO_VALUE = "no case that ended in this time has a value"
NOT_KEPT = "it is not kept yet: figures come with the next keeping"
TOO_LARGE = "the sum is too large to be held exactly"
# More of them are a table and no reason.
_CURRENCIES_NAMED = 3


class Reasons:
    """Why figures of one KPI are unknown; `unpriced` are the amounts by label that could not be converted."""

    def __init__(
        self,
        kpi: Kpi,
        is_kept: bool,
        unpriced: Mapping[str, Sequence[Unpriced]],
        rate_days: int,
        silent: Sequence[tuple[str, datetime]],
    ) -> None:
        """`silent` are the sources of its events that say nothing, with since when."""
        self._kpi = kpi
        self._is_kept = is_kept
        self._unpriced = unpriced
        self._rate_days = rate_days
        self._silent = silent

    def of(self, found: SliceFigures | None, *, is_unknown: bool) -> str:
        """Why the figure is unknown, or what is not in it; empty where all is."""
        if is_unknown and not self._is_kept:
            return NOT_KEPT
        if self._kpi.statistic.is_of_amounts:
            return self._of_amounts(found, is_unknown=is_unknown)
        if not is_unknown:
            return ""
        if found is None or not found.cases:
            return self._nothing()
        return NO_VALUE

    def _nothing(self) -> str:
        reading = self._kpi.cases.reading
        if self._kpi.cases.origin is Origin.SIGNAL and reading is not None:
            return f"{reading.signal} was not measured in this time"
        silent = [f"{source} is silent since {format_instant(since)}" for source, since in self._silent]
        return "; ".join((NO_CASE, *silent))

    def _of_amounts(self, found: SliceFigures | None, *, is_unknown: bool) -> str:
        parts = []
        if found is not None and found.is_too_large:
            parts.append(TOO_LARGE)
        missing = self._unpriced.get(found.label if found else "", ())
        parts += [self._missing(one) for one in missing[:_CURRENCIES_NAMED]]
        if len(missing) > _CURRENCIES_NAMED:
            parts.append(f"and of {len(missing) - _CURRENCIES_NAMED} more currencies")
        if is_unknown and not parts and self._kpi.statistic is Statistic.RATIO and self._kpi.against:
            parts.append(f"{self._kpi.against.id}, which it is set against, is nothing or unknown in this time")
        return "; ".join(parts)

    def _missing(self, one: Unpriced) -> str:
        cases = "1 case" if one.cases == 1 else f"{one.cases} cases"
        if not one.currency:
            return f"{cases} without an amount"
        within = "on that day" if not self._rate_days else f"in the {self._rate_days} days before it"
        return f"{cases} in {one.currency} without a rate, first on {one.first_on} (none {within})"
