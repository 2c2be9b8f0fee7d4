"""The files of rule tests as their authors write them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, RootModel, model_validator

from domain.business_object import BusinessObject
from domain.config_file import ConfigModel, show
from domain.contract import Contracts
from domain.instants import EARLIEST, parse_instant
from domain.kpi import Dimension
from domain.kpi_watch import KpiBound, parse_bound
from domain.milestone import Facts, Milestone
from domain.money import ACCEPTED_AMOUNT, is_currency, parse_amount
from domain.signal import parse_value, signal_named
from domain.source_silence import Silences, SourceSilence
from rules.config_parts import Duration, Name
from rules.kinds.absence_config import check_labels

# A Monday, so that tests with a business calendar begin in open hours almost anywhere in Europe.
DEFAULT_START = datetime(2026, 1, 5, 9, tzinfo=UTC)
# Under this key of a list stand tests, known by their names; the file is that list.
TITLES = {"": ("test", "name")}


def _object(value: object) -> BusinessObject:
    try:
        return BusinessObject.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"is {show(value)}; give type/id, such as order/O-1") from None


def _amount(value: object) -> Decimal:
    # A number with a point would have lost its last digits to binary already.
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            return parse_amount(str(value))
        except ValueError:
            pass
    raise ValueError(f"is {show(value)}; give {ACCEPTED_AMOUNT}, in quotes")


def _currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError(f"is {show(text)}; give an ISO 4217 code, such as EUR")
    return text


def _instant(value: object) -> datetime:
    try:
        return parse_instant(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"is {show(value)}; give RFC 3339, such as 2026-01-05T09:00:00Z") from None


Object = Annotated[BusinessObject, BeforeValidator(_object)]


class EventConfig(ConfigModel):
    """An event that a test lets happen `at` so long after its start, and be `received` then or later."""

    at: Duration
    received: Duration | None = None
    type: str
    object: Object | None = None
    objects: tuple[Object, ...] = ()
    source: str = "test"
    amount: Annotated[Decimal, BeforeValidator(_amount)] | None = None
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    legal_entity: str | None = None
    region: str | None = None
    attributes: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_objects(self) -> "EventConfig":
        if bool(self.object) == bool(self.objects):
            raise ValueError("an event names its object, or objects: give one of the two keys")
        if self.received is not None and self.received < self.at:
            raise ValueError("received is before at; an event is received when it happens, or later")
        return self

    @property
    def known(self) -> timedelta:
        """How long after the test's start it is known."""
        return self.at if self.received is None else self.received

    @property
    def named(self) -> tuple[BusinessObject, ...]:
        """The objects it names."""
        return (self.object,) if self.object else self.objects

    def milestone(self, number: int, start: datetime) -> Milestone:
        """What the event states of each of its objects."""
        occurred_at = start + self.at
        return Milestone(
            type=self.type,
            occurred_at=occurred_at,
            received_at=start + self.known,
            source=self.source,
            event_id=f"{number:06}",
            facts=Facts(self.amount, self.currency, self.legal_entity, self.region, self.attributes),
        )


class SilenceConfig(ConfigModel):
    """A source that a test lets be silent, from and until so long after its start, of one event type or of anything."""

    source: Name
    event: Name | None = None
    from_: Duration = Field(alias="from")
    until: Duration | None = None

    @model_validator(mode="after")
    def _lasts(self) -> "SilenceConfig":
        if self.until is not None and self.until <= self.from_:
            raise ValueError("until is not after from; give a later one, or none where the source stays silent")
        return self

    def silence(self, start: datetime) -> SourceSilence:
        """The silence as the engine knows it."""
        since = start + self.from_
        until = None if self.until is None else start + self.until
        return SourceSilence(self.source, self.event, since, since, until)


class SignalConfig(ConfigModel):
    """From `at` on a signal has a value, for one set of labels; without one nothing is known of it."""

    at: Duration
    signal: str
    value: str | int | float | None
    labels: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_read(self) -> "SignalConfig":
        try:
            signal = signal_named(self.signal)
        except ValueError as error:
            raise ValueError(f"signal {error}") from None
        check_labels(list(self.labels), signal.labels, where="labels")
        if self.value is not None:
            try:
                parse_value(signal.unit, self.value)
            except ValueError as error:
                raise ValueError(f"value {error}") from None
        return self

    @property
    def number(self) -> float | None:
        """The value in the signal's unit."""
        return None if self.value is None else float(parse_value(signal_named(self.signal).unit, self.value))


class KpiValueConfig(ConfigModel):
    """From `at` on a KPI has a value, for one value of the dimension that a rule names; without one it is unknown."""

    at: Duration
    kpi: Name
    value: str | int | float | None
    labels: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_read(self) -> "KpiValueConfig":
        check_labels(list(self.labels), tuple(Dimension), where="labels")
        if self.value is not None:
            try:
                parse_bound(self.value)
            except ValueError as error:
                raise ValueError(f"value {error}") from None
        return self

    @property
    def written(self) -> KpiBound | None:
        """The value as it is written, with the unit that it says."""
        return None if self.value is None else parse_bound(self.value)


class CasesConfig(ConfigModel):
    """So many cases that were there before the test: how long each `took`, or how long it was `waiting` when last seen.

    Times are counted as the rule's deadline is; the facts tell segments apart.
    """

    count: Annotated[int, Field(ge=1, le=100_000)]
    took: Duration | None = None
    waiting: Duration | None = None
    source: str = "test"
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    legal_entity: str | None = None
    region: str | None = None
    attributes: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _took_or_waits(self) -> "CasesConfig":
        if (self.took is None) == (self.waiting is None):
            raise ValueError("cases took some time, or were waiting for it: give one of the two keys")
        return self

    @property
    def facts(self) -> Facts:
        """What is known of each at its start."""
        return Facts(None, self.currency, self.legal_entity, self.region, self.attributes)


class ExpectationConfig(ConfigModel):
    """The alerts by name, one for each object, that a test expects so long after its start.

    `at_risk`, `resolved` and `suspended` are compared where they are given.
    """

    at: Duration
    firing: tuple[str, ...]
    at_risk: tuple[str, ...] | None = None
    resolved: tuple[str, ...] | None = None
    suspended: tuple[str, ...] | None = None
    severity: dict[str, Literal["info", "warning", "critical"]] = Field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Every alert it names."""
        return {*self.firing, *(self.at_risk or ()), *(self.resolved or ()), *(self.suspended or ()), *self.severity}


class RuleTestConfig(ConfigModel):
    """One test: what happens, and what is expected when."""

    name: str
    start: Annotated[datetime, BeforeValidator(_instant)] = DEFAULT_START
    events: tuple[EventConfig, ...] = ()
    signals: tuple[SignalConfig, ...] = ()
    kpis: tuple[KpiValueConfig, ...] = ()
    silent: tuple[SilenceConfig, ...] = ()
    history: tuple[CasesConfig, ...] = ()
    expect: Annotated[tuple[ExpectationConfig, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _lets_something_happen(self) -> "RuleTestConfig":
        if not (self.events or self.signals or self.kpis):
            raise ValueError("nothing happens in it; give events, signals or kpis")
        return self

    @property
    def histories(self) -> Mapping[BusinessObject, list[Milestone]]:
        """What the events state of each object."""
        found: dict[BusinessObject, list[Milestone]] = {}
        for number, event in enumerate(self.events):
            for object_ in event.named:
                found.setdefault(object_, []).append(event.milestone(number, self.start))
        return found

    def silences(self, contracts: Contracts, at: datetime) -> Silences:
        """What is known at an instant of the silences, every source having spoken before the test's start."""
        known = [silent.silence(self.start) for silent in self.silent]
        by_then = [
            replace(one, until=one.until if one.until and one.until <= at else None) for one in known if one.since <= at
        ]
        named = {source for event in contracts.events.values() for source in event.sources}
        return Silences(contracts, by_then, dict.fromkeys(named, EARLIEST))


class RuleTestsConfig(RootModel[tuple[RuleTestConfig, ...]]):
    """A file of tests."""
