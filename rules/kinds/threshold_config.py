"""The threshold kind as its authors write it."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from domain.config_file import ConfigModel
from domain.duration import write_duration
from domain.series_rule import Bound, EventPair, ThresholdRule
from domain.signal import parse_value, signal_named
from rules.config_parts import CommonConfig, Duration, KindConfig, Name
from rules.kinds.absence_config import check_labels
from rules.references import References

_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_LONGEST_STRETCH = timedelta(days=7)


def _window(duration: timedelta) -> timedelta:
    if not _SHORTEST <= duration <= _LONGEST:
        raise ValueError(f"is {write_duration(duration)}; give 1m to 1h")
    return duration


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
    """A signal must not stay above, or below, a value for longer than `for`."""

    signal: Annotated[str, AfterValidator(_signal)]
    above: str | int | float | None = None
    below: str | int | float | None = None
    stretch: Annotated[Duration, AfterValidator(_stretch)] = Field(default=timedelta(0), alias="for")
    window: Annotated[Duration, AfterValidator(_window)] | None = None
    per: tuple[str, ...] = ()
    of: Name | EventPairConfig | None = None

    @model_validator(mode="after")
    def _fits(self) -> "ThresholdConfig":
        signal = signal_named(self.signal)
        if (self.above is None) == (self.below is None):
            raise ValueError("a threshold is above or below a value: give one of the two keys")
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
        return self

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

    def rule(self, group: str, common: CommonConfig, references: References) -> ThresholdRule:
        """The rule it describes."""
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

    def _pair(self, references: References) -> EventPair | None:
        if isinstance(self.of, EventPairConfig):
            return EventPair(object_type=self.of.object_type, from_type=self.of.from_type, to_type=self.of.to_type)
        if self.of is None:
            return None
        rule = references.milestone_rules[self.of]
        return EventPair(object_type=rule.object_type, from_type=rule.from_type, to_type=rule.to_type)
