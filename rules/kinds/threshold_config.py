"""The threshold kind as its authors write it: of a signal, or of a KPI."""

import difflib
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from domain.config_file import ConfigModel, Location, show
from domain.duration import write_duration
from domain.kpi import Dimension
from domain.kpi_watch import ACCEPTED_BOUNDS, KnownKpis, KpiBound, parse_bound
from domain.series_rule import Bound, EventPair, KpiThresholdRule, ThresholdRule
from domain.signal import parse_value, signal_named
from rules.config_parts import CommonConfig, Duration, KindConfig, Name
from rules.kinds.absence_config import check_labels
from rules.references import References

_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_LONGEST_STRETCH = timedelta(days=7)


# A month of cases; and a year of them at most.
_KPI_WINDOW, _KPI_SHORTEST, _KPI_LONGEST = timedelta(days=30), timedelta(hours=1), timedelta(days=366)


def _stretch(duration: timedelta) -> timedelta:
    if duration > _LONGEST_STRETCH:
        raise ValueError(f"is {write_duration(duration)}; give 7d at most")
    return duration


def _signal(name: str) -> str:
    return signal_named(name).name


class EventPairConfig(ConfigModel):
    """An event of an object and the one it waits for."""

    object_type: Name = Field(alias="object")
    from_type: Name = Field(alias="from")
    to_type: Name = Field(alias="to")


class ThresholdConfig(KindConfig):
    """A signal, or a KPI, must not stay above, or below, a value for longer than `for`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["signal"]}, {"required": ["kpi"]}]})

    signal: Annotated[str, AfterValidator(_signal)] | None = None
    kpi: Annotated[Name, Field(description="the id of a KPI, as `milepost kpi list` shows it")] | None = None
    above: str | int | float | None = None
    below: str | int | float | None = None
    stretch: Annotated[Duration, AfterValidator(_stretch)] = Field(default=timedelta(0), alias="for")
    window: Duration | None = None
    per: tuple[str, ...] = ()
    of: Name | EventPairConfig | None = None

    @field_validator("window")
    @classmethod
    def _fits_what_it_is_of(cls, window: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if window is None:
            return None
        if info.data.get("kpi"):
            if not _KPI_SHORTEST <= window <= _KPI_LONGEST or window % _KPI_SHORTEST:
                raise ValueError(f"is {write_duration(window)}; give whole hours from 1h to 366d")
        elif not _SHORTEST <= window <= _LONGEST:
            raise ValueError(f"is {write_duration(window)}; give 1m to 1h")
        return window

    @model_validator(mode="after")
    def _fits(self) -> "ThresholdConfig":
        if (self.signal is None) == (self.kpi is None):
            raise ValueError("a threshold is on a signal, or on a KPI: give one of signal and kpi")
        if (self.above is None) == (self.below is None):
            raise ValueError("a threshold is above or below a value: give one of the two keys")
        if self.signal is not None:
            self._check_signal(self.signal)
        else:
            self._check_kpi()
        return self

    def _check_signal(self, name: str) -> None:
        signal = signal_named(name)
        try:
            parse_value(signal.unit, self._given)
        except ValueError as error:
            raise ValueError(f"{self._bound} {error}") from None
        check_labels(self.per, signal.labels)
        if signal.takes_pair and self.of is None:
            raise ValueError(
                f"{signal.name} is of something; give of: the name of a milestone rule, or {{object: order, "
                "from: order.approved, to: order.posted}"
            )
        if not signal.takes_pair and self.of is not None:
            raise ValueError(f"of says nothing of {signal.name}; remove it")
        if signal.takes_pair and self.window is not None:
            raise ValueError(f"window says nothing of {signal.name}, which is counted at an instant; remove it")

    def _check_kpi(self) -> None:
        try:
            parse_bound(self._given)
        except ValueError as error:
            raise ValueError(f"{self._bound} {error}") from None
        check_labels(self.per, tuple(Dimension))
        if len(self.per) > 1:
            raise ValueError(f"per names {' and '.join(self.per)}; a KPI is told apart by one of them")
        if self.of is not None:
            raise ValueError("of says nothing of a KPI; remove it")

    def problems(self, references: References) -> Iterator[tuple[Location, str]]:
        """What is wrong with the KPI that it names, where it is known which there are."""
        if self.kpi is None or references.kpis is None:
            return
        unit = references.kpis.units.get(self.kpi)
        if unit is None:
            yield ("kpi",), f"kpi is {show(self.kpi)}, which is no KPI; {_accepted(self.kpi, references.kpis)}"
            return
        bound, currency = self._kpi_bound, references.kpis.currency
        if bound.unit is not unit:
            wrong = f"{self._bound} is {show(self._given)}, and {self.kpi} is in {unit}; give {ACCEPTED_BOUNDS[unit]}"
            yield (self._bound,), wrong
        elif bound.currency and bound.currency != currency:
            wrong = f"{self._bound} is in {bound.currency}, and KPIs add up in {currency}; give an amount in {currency}"
            yield (self._bound,), wrong

    @property
    def of_rule(self) -> str | None:
        """The name of the milestone rule whose events are the pair."""
        return self.of if isinstance(self.of, str) else None

    @property
    def _bound(self) -> Bound:
        return Bound.BELOW if self.above is None else Bound.ABOVE

    @property
    def _given(self) -> str | int | float | None:
        return self.below if self.above is None else self.above

    @property
    def _kpi_bound(self) -> KpiBound:
        return parse_bound(self._given)

    def rule(self, group: str, common: CommonConfig, references: References) -> ThresholdRule | KpiThresholdRule:
        """The rule it describes."""
        if self.kpi is not None:
            return self._kpi_rule(self.kpi, group, common)
        assert self.signal is not None
        return ThresholdRule(
            **common.heading(group),
            level=common.level,
            signal=self.signal,
            bound=self._bound,
            value=parse_value(signal_named(self.signal).unit, self._given),
            stretch=self.stretch,
            window=self.window or timedelta(minutes=5),
            per=self.per,
            pair=self._pair(references),
        )

    def _kpi_rule(self, kpi: str, group: str, common: CommonConfig) -> KpiThresholdRule:
        bound = self._kpi_bound
        return KpiThresholdRule(
            **common.heading(group),
            level=common.level,
            kpi=kpi,
            bound=self._bound,
            value=bound.value,
            unit=bound.unit,
            currency=bound.currency,
            stretch=self.stretch,
            window=self.window or _KPI_WINDOW,
            dimension=Dimension(self.per[0]) if self.per else None,
        )

    def _pair(self, references: References) -> EventPair | None:
        if isinstance(self.of, EventPairConfig):
            return EventPair(object_type=self.of.object_type, from_type=self.of.from_type, to_type=self.of.to_type)
        if self.of is None:
            return None
        rule = references.milestone_rules[self.of]
        return EventPair(object_type=rule.object_type, from_type=rule.from_type, to_type=rule.to_type)


def _accepted(name: str, known: KnownKpis) -> str:
    near = difflib.get_close_matches(name, known.units, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f"{hint}there are {', '.join(sorted(known.units))}" if known.units else "none is defined"
