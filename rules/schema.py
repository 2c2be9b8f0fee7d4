"""The rule files as their authors write them, checked part by part, and what they make as rules."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from domain.calendar import Calendar
from domain.config_file import ConfigModel, show
from domain.duration import ACCEPTED as ACCEPTED_DURATION
from domain.duration import parse_duration, write_duration
from domain.rule import MilestoneRule, Override, Pairing, Pause, SeverityStep
from rules.alert_text import BUILT_IN_LABELS, PLACEHOLDERS, unknown_placeholders
from rules.compiler import compile_condition

_NOT_JUDGED = ("version", "group", "name", "labels", "annotations")
_LONGEST_WINDOW = timedelta(days=3650)
_LONGEST_SKEW = timedelta(days=1)
_LARGEST_SHARE = Fraction(10)
_ALERT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SNAKE_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def _duration(value: object) -> timedelta:
    try:
        return parse_duration(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"is {show(value)}; give {ACCEPTED_DURATION}") from None


def _window(duration: timedelta) -> timedelta:
    if duration <= timedelta(0):
        raise ValueError(f"is {write_duration(duration)}; give a duration above zero, such as 4h")
    if duration > _LONGEST_WINDOW:
        raise ValueError(f"is {write_duration(duration)}; give {write_duration(_LONGEST_WINDOW)} at most")
    return duration


def _skew(duration: timedelta) -> timedelta:
    if duration > _LONGEST_SKEW:
        raise ValueError(f"is {write_duration(duration)}; give {write_duration(_LONGEST_SKEW)} at most")
    return duration


def _percent(value: object) -> Fraction:
    if isinstance(value, str) and value.endswith("%"):
        try:
            number = Decimal(value.removesuffix("%").strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite() and abs(number) < 1_000_000 and number == round(number, 6):
            return Fraction(number) / 100
    raise ValueError(f"is {show(value)}; give a percentage such as 75%")


def _before_deadline(share: Fraction) -> Fraction:
    if not 0 < share < 1:
        raise ValueError(f"is {_write_percent(share)}; give more than 0% and less than 100%")
    return share


def _reachable(share: Fraction) -> Fraction:
    if not 0 < share <= _LARGEST_SHARE:
        raise ValueError(f"is {_write_percent(share)}; give more than 0% and at most {_write_percent(_LARGEST_SHARE)}")
    return share


def _write_percent(share: Fraction) -> str:
    return f"{float(share * 100):g}%"


def _condition(text: str) -> str:
    compile_condition(text)
    return text


def _matching(pattern: re.Pattern[str], accepted: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"is {show(text)}; give {accepted}")
        return text

    return check


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; give the name of an event type or object, such as order.approved")
    return text


def _label_name(name: str) -> str:
    if not _SNAKE_NAME.fullmatch(name):
        raise ValueError(f"{show(name)} cannot name a label; give letters, digits and _, such as team")
    if name in BUILT_IN_LABELS:
        raise ValueError(f"{name} is set for every alert; give the label another name")
    return name


def _annotation(text: str) -> str:
    unknown = unknown_placeholders(text)
    if unknown:
        accepted = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"nothing fills in {{{unknown[0]}}}; accepted: {accepted}")
    return text


def _not_yet(value: object) -> None:
    raise ValueError("is not available in this version; remove it")


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Window = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_window)]
Skew = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_skew)]
Name = Annotated[str, AfterValidator(_not_blank)]
Condition = Annotated[str, AfterValidator(_condition)]
NotYet = Annotated[None, BeforeValidator(_not_yet)]


class PauseConfig(ConfigModel):
    """Between these two event types time does not count."""

    from_type: Name = Field(alias="from")
    until_type: Name = Field(alias="until")

    @model_validator(mode="after")
    def _differ(self) -> "PauseConfig":
        if self.from_type == self.until_type:
            raise ValueError(f"from and until are both {show(self.from_type)}; such a pause ends where it begins")
        return self


class OverrideConfig(ConfigModel):
    """Another window where a condition holds."""

    where: Condition
    within: Window


class SeverityStepConfig(ConfigModel):
    """From this share of the window on, this level."""

    at: Annotated[Fraction, BeforeValidator(_percent), AfterValidator(_reachable)]
    level: Literal["info", "warning", "critical"]


class MilestoneConfig(ConfigModel):
    """After `from` an object must reach `to` within a time."""

    object_type: Name = Field(alias="object")
    from_type: Name = Field(alias="from")
    to_type: Name = Field(alias="to")
    within: Window
    pairing: Pairing | None = None
    skew: Skew | None = None

    @model_validator(mode="after")
    def _differ(self) -> "MilestoneConfig":
        if self.from_type == self.to_type:
            raise ValueError(f"from and to are both {show(self.from_type)}; such a clock stops where it starts")
        return self


class RuleConfig(ConfigModel):
    """One rule as its author wrote it; `pairing` and `skew` may stand here or under `milestone`."""

    alert: Annotated[str, AfterValidator(_matching(_ALERT_NAME, "a CamelCase name, such as OrderNotPosted"))]
    milestone: MilestoneConfig
    where: Condition | None = None
    overrides: tuple[OverrideConfig, ...] = ()
    calendar: str | None = None
    pause: PauseConfig | None = None
    unless: tuple[Name, ...] = ()
    pairing: Pairing | None = None
    skew: Skew | None = None
    at_risk: Annotated[Fraction, BeforeValidator(_percent), AfterValidator(_before_deadline)] | None = None
    severity: Annotated[tuple[SeverityStepConfig, ...], Field(min_length=1)] = (
        SeverityStepConfig.model_construct(at=Fraction(1), level="warning"),
    )
    labels: dict[Annotated[str, AfterValidator(_label_name)], str] = Field(default_factory=dict)
    annotations: dict[
        Annotated[str, AfterValidator(_matching(_SNAKE_NAME, "letters, digits and _, such as summary"))],
        Annotated[str, AfterValidator(_annotation)],
    ] = Field(default_factory=dict)
    close: NotYet = Field(default=None, exclude=True)
    intervention: NotYet = Field(default=None, exclude=True)
    absence: NotYet = Field(default=None, exclude=True)
    sequence: NotYet = Field(default=None, exclude=True)
    duplicate: NotYet = Field(default=None, exclude=True)
    reconcile: NotYet = Field(default=None, exclude=True)
    authority: NotYet = Field(default=None, exclude=True)
    threshold: NotYet = Field(default=None, exclude=True)
    burn_rate: NotYet = Field(default=None, exclude=True)
    forecast: NotYet = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _fits_together(self) -> "RuleConfig":
        for key in ("pairing", "skew"):
            if getattr(self, key) is not None and getattr(self.milestone, key) is not None:
                raise ValueError(f"{key} is given twice, here and under milestone; give it once")
        for event_type in (self.milestone.from_type, self.milestone.to_type):
            if event_type in self.unless:
                raise ValueError(f"unless names {show(event_type)}, which the milestone itself goes from or to")
        shares = [step.at for step in self.severity]
        if shares != sorted(set(shares)):
            raise ValueError("severity steps must each come later than the one before")
        return self

    @property
    def longest_window(self) -> timedelta:
        """The most counted time any of the rule's instants lies after a start."""
        longest = max([self.milestone.within, *(override.within for override in self.overrides)])
        share = max(Fraction(1), self.severity[-1].at)
        return longest * share.numerator / share.denominator

    def rule(self, group: str, calendar: Calendar | None) -> MilestoneRule:
        """The rule it describes, with the calendar it names."""
        milestone = self.milestone
        overrides = tuple(Override(override.where, override.within) for override in self.overrides)
        pause = Pause(self.pause.from_type, self.pause.until_type) if self.pause else None
        rule = MilestoneRule(
            group=group,
            name=self.alert,
            object_type=milestone.object_type,
            from_type=milestone.from_type,
            to_type=milestone.to_type,
            within=milestone.within,
            version="",
            pairing=milestone.pairing or self.pairing or Pairing.FIRST,
            skew=next((skew for skew in (milestone.skew, self.skew) if skew is not None), timedelta(0)),
            unless=self.unless,
            where=self.where,
            overrides=overrides,
            calendar=calendar,
            pause=pause,
            at_risk=self.at_risk,
            severity=tuple(SeverityStep(step.at, step.level) for step in self.severity),
            labels=self.labels,
            annotations=self.annotations,
        )
        return replace(rule, version=_version(rule))


class GroupConfig(ConfigModel):
    """Rules that belong together."""

    name: Annotated[str, AfterValidator(_matching(_SNAKE_NAME, "a snake_case name, such as order_to_bill"))]
    rules: Annotated[tuple[RuleConfig, ...], Field(min_length=1)]


class RulesConfig(ConfigModel):
    """A file of rules."""

    groups: Annotated[tuple[GroupConfig, ...], Field(min_length=1)]


TITLES = {"groups": ("group", "name"), "rules": ("rule", "alert")}


def _version(rule: MilestoneRule) -> str:
    """A digest of all that a verdict depends on, so not of words that only accompany it."""
    judged = {part.name: getattr(rule, part.name) for part in fields(rule) if part.name not in _NOT_JUDGED}
    if rule.calendar:
        calendar = rule.calendar
        place = (calendar.time_zone, calendar.country, calendar.subdivision)
        judged["calendar"] = (*place, calendar.week, sorted(calendar.closures))
    return hashlib.sha256(repr(sorted(judged.items())).encode()).hexdigest()[:16]
