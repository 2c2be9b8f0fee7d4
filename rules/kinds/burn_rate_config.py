"""The burn_rate kind as its authors write it."""

from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from domain.config_file import ConfigModel
from domain.duration import write_duration
from domain.series_rule import BurnRateRule, BurnWindows
from rules.config_parts import CommonConfig, Duration, KindConfig, Name, Percent
from rules.kinds.burn_rate import DEFAULT_WINDOWS, STEP
from rules.references import References

_USUAL_OVER = timedelta(days=30)
_LONGEST_WINDOW = timedelta(days=3)


def _objective(share: Fraction) -> Fraction:
    if not 0 < share < 1:
        raise ValueError(f"is {float(share * 100):g}%; give more than 0% and less than 100%, such as 99%")
    return share


def _over(duration: timedelta) -> timedelta:
    if not timedelta(days=1) <= duration <= timedelta(days=90):
        raise ValueError(f"is {write_duration(duration)}; give 1d to 90d")
    return duration


def _window(duration: timedelta) -> timedelta:
    if not STEP <= duration <= _LONGEST_WINDOW or duration % STEP:
        raise ValueError(f"is {write_duration(duration)}; give a multiple of 5m, up to 3d")
    return duration


Window = Annotated[Duration, AfterValidator(_window)]


class BurnWindowsConfig(ConfigModel):
    """The budget burns where it is spent `factor` times too fast in both windows."""

    factor: Annotated[float, Field(gt=0, le=1000)]
    long: Window
    short: Window
    level: Literal["info", "warning", "critical"]

    @model_validator(mode="after")
    def _ordered(self) -> "BurnWindowsConfig":
        if self.short >= self.long:
            raise ValueError(
                f"short is {write_duration(self.short)} and long {write_duration(self.long)}; short must be shorter"
            )
        return self

    def windows(self) -> BurnWindows:
        """What it describes."""
        return BurnWindows(Fraction(str(self.factor)), self.long, self.short, self.level)


class BurnRateConfig(KindConfig):
    """Of the clocks of the milestone rule `of`, the share `slo` must end in time, over the time `over`."""

    slo: Annotated[Percent, AfterValidator(_objective)]
    of: Name
    over: Annotated[Duration, AfterValidator(_over)] = _USUAL_OVER
    minimum: Annotated[int, Field(ge=1)] = 10
    windows: Annotated[tuple[BurnWindowsConfig, ...], Field(min_length=1)] | None = None

    @property
    def of_rule(self) -> str | None:
        """The milestone rule."""
        return self.of

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit."""
        super().check(common)
        if "severity" in common.model_fields_set:
            raise ValueError("severity says nothing under burn_rate; each of its windows has a level")

    def rule(self, group: str, common: CommonConfig, references: References) -> BurnRateRule:
        """The rule it describes."""
        return BurnRateRule(
            **common.heading(group),
            objective=self.slo,
            target=references.milestone_rules[self.of],
            over=self.over,
            windows=tuple(one.windows() for one in self.windows) if self.windows else _usual_windows(self.over),
            minimum=self.minimum,
        )


def _usual_windows(over: timedelta) -> tuple[BurnWindows, ...]:
    """The usual windows, whose factors spend the same share of the budget whatever time it is for."""
    scale = Fraction(over / _USUAL_OVER).limit_denominator(1000)
    return tuple(BurnWindows(one.factor * scale, one.long, one.short, one.level) for one in DEFAULT_WINDOWS)
