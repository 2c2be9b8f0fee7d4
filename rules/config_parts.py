"""The parts that rule files are made of: durations, percentages, conditions, and the keys that any kind may have."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from domain.close import CLOSE_REOPENED
from domain.config_file import ConfigModel, Location, show
from domain.duration import ACCEPTED as ACCEPTED_DURATION
from domain.duration import parse_duration, write_duration
from domain.intervention import ANNOTATION as INTERVENTION
from domain.reconcile_rule import ATTRIBUTES
from domain.rule import MilestoneRule, Pairing, Rule
from domain.source_silence import SOURCE_SILENT
from rules.alert_text import BUILT_IN_LABELS, OF_SOME_KINDS, PLACEHOLDERS, placeholders, unknown_placeholders
from rules.compiler import compile_condition
from rules.condition_text import ACCEPTED as ACCEPTED_CONDITION
from rules.references import References

_FACTS = ("amount", "currency", "legal_entity", "region", "presence")
ACCEPTED_FIELD = "amount, currency, legal_entity, region, or the name of an attribute, such as tax_id"
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


def _field(name: str) -> str:
    if not name.strip() or name == ATTRIBUTES:
        raise ValueError(f"is {show(name)}; give {ACCEPTED_FIELD}")
    if name in _FACTS or name.startswith(ATTRIBUTES):
        return name
    return f"{ATTRIBUTES}{name}"


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


def _no_key_of_the_rule(name: str) -> str:
    if name == INTERVENTION:
        raise ValueError(f"{name} is a key of the rule itself; give the annotation another name")
    return name


def _annotation(text: str) -> str:
    unknown = unknown_placeholders(text)
    if unknown:
        accepted = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"nothing fills in {{{unknown[0]}}}; accepted: {accepted}")
    return text


def _not_the_engines(name: str) -> str:
    if name in (SOURCE_SILENT, CLOSE_REOPENED):
        raise ValueError(f"is {name}, which the engine raises itself; give another name")
    return name


def _steps(value: object) -> object:
    """A level by itself is one step, at the deadline."""
    return [{"at": "100%", "level": value}] if isinstance(value, str) else value


def _described(description: str, pattern: str, **more: JsonValue) -> WithJsonSchema:
    """What an editor is told of a text: what it says, and how it looks."""
    return WithJsonSchema({"type": "string", "description": description, "pattern": pattern, **more})


_UNITS = "([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
_NOT_ZERO = "(?=.*[1-9])"
_SHARE = r"[0-9]{1,%d}(\.[0-9]{0,6})?\s*%%$"
_SNAKE = f"^{_SNAKE_NAME.pattern}$"
_AS_TEXT = {"type": "string"}

Duration = Annotated[timedelta, BeforeValidator(_duration), _described(ACCEPTED_DURATION, f"^(?=.){_UNITS}")]
Window = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_window),
    _described(f"{ACCEPTED_DURATION}; above zero", f"^{_NOT_ZERO}{_UNITS}"),
]
Skew = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_skew),
    _described(f"{ACCEPTED_DURATION}; {write_duration(_LONGEST_SKEW)} at most", f"^(?=.){_UNITS}"),
]
Name = Annotated[
    str, AfterValidator(_not_blank), _described("the name of an event type or object, such as order.approved", r"\S")
]
FieldName = Annotated[str, AfterValidator(_field), _described(ACCEPTED_FIELD, r"\S")]
Condition = Annotated[
    str,
    AfterValidator(_condition),
    _described(f"a condition; {ACCEPTED_CONDITION}", r"\S", examples=["amount >= 10000 and region in ('EMEA')"]),
]
AlertName = Annotated[
    str,
    AfterValidator(_matching(_ALERT_NAME, "a CamelCase name, such as OrderNotPosted")),
    AfterValidator(_not_the_engines),
    WithJsonSchema(
        {
            "type": "string",
            "description": "a CamelCase name, such as OrderNotPosted",
            "pattern": f"^{_ALERT_NAME.pattern}$",
            "not": {"enum": [SOURCE_SILENT, CLOSE_REOPENED]},
        }
    ),
]
GroupName = Annotated[
    str,
    AfterValidator(_matching(_SNAKE_NAME, "a snake_case name, such as order_to_bill")),
    _described("a snake_case name, such as order_to_bill", _SNAKE),
]
Percent = Annotated[
    Fraction, BeforeValidator(_percent), _described("a percentage such as 75%", r"^[0-9]{1,6}(\.[0-9]{0,6})?\s*%$")
]
_ShareBeforeDeadline = Annotated[
    Fraction,
    BeforeValidator(_percent),
    AfterValidator(_before_deadline),
    _described("more than 0% and less than 100% of the window, such as 75%", f"^{_NOT_ZERO}{_SHARE % 2}"),
]
_ReachableShare = Annotated[
    Fraction,
    BeforeValidator(_percent),
    AfterValidator(_reachable),
    _described(
        f"more than 0% and at most {_write_percent(_LARGEST_SHARE)} of the window, such as 100%",
        rf"^({_NOT_ZERO}{_SHARE % 3}|1000(\.0*)?\s*%$)",
    ),
]
_Labels = Annotated[
    dict[Annotated[str, AfterValidator(_label_name)], str],
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": _SNAKE, "not": {"enum": sorted(BUILT_IN_LABELS)}},
            "additionalProperties": _AS_TEXT,
        }
    ),
]
_Annotations = Annotated[
    dict[
        Annotated[
            str,
            AfterValidator(_matching(_SNAKE_NAME, "letters, digits and _, such as summary")),
            AfterValidator(_no_key_of_the_rule),
        ],
        Annotated[str, AfterValidator(_annotation)],
    ],
    WithJsonSchema(
        {
            "type": "object",
            "description": f"texts, in which are filled in {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}",
            "propertyNames": {"pattern": _SNAKE, "not": {"const": INTERVENTION}},
            "additionalProperties": _AS_TEXT,
        }
    ),
]
InterventionName = Annotated[
    str,
    AfterValidator(_matching(_SNAKE_NAME, "the name of an intervention, such as repost_order")),
    _described("the name of an intervention, such as repost_order", _SNAKE),
]


class StretchConfig(ConfigModel):
    """The time from one event type until the other."""

    from_type: Name = Field(alias="from")
    until_type: Name = Field(alias="until")

    @model_validator(mode="after")
    def _differ(self) -> "StretchConfig":
        if self.from_type == self.until_type:
            raise ValueError(f"from and until are both {show(self.from_type)}; such a stretch ends where it begins")
        return self


class OverrideConfig(ConfigModel):
    """Another window where a condition holds."""

    where: Condition
    within: Window


_Level = Literal["info", "warning", "critical"]


class SeverityStepConfig(ConfigModel):
    """From this share of the window on, this level."""

    at: _ReachableShare
    level: _Level


def _in_order(steps: tuple[SeverityStepConfig, ...]) -> tuple[SeverityStepConfig, ...]:
    for before, step in pairwise(steps):
        if step.at <= before.at:
            raise ValueError(
                f"has a step at {_write_percent(step.at)} after one at {_write_percent(before.at)}; give each step a "
                "later share than the one before, such as 100% and then 200%"
            )
    return steps


class CloseConfig(ConfigModel):
    """A duty must also be met while its accounting period is open: before the cutoff of the period it began in."""

    no_later_than: Literal["period_end"]


class CommonConfig(ConfigModel):
    """The keys of a rule that do not depend on its kind; which of them a kind understands, it says itself."""

    alert: AlertName
    where: Condition | None = None
    overrides: tuple[OverrideConfig, ...] = ()
    calendar: str | None = None
    pause: StretchConfig | None = None
    unless: tuple[Name, ...] = ()
    pairing: Pairing | None = None
    skew: Skew | None = None
    at_risk: _ShareBeforeDeadline | None = None
    close: CloseConfig | None = None
    severity: Annotated[
        tuple[SeverityStepConfig, ...], Field(min_length=1), AfterValidator(_in_order), BeforeValidator(_steps)
    ] = (SeverityStepConfig.model_construct(at=Fraction(1), level="warning"),)
    labels: _Labels = Field(default_factory=dict)
    annotations: _Annotations = Field(default_factory=dict)
    intervention: InterventionName | None = None

    @property
    def level(self) -> str:
        """The severity of a kind that has no steps."""
        return self.severity[0].level

    def heading(self, group: str) -> dict[str, Any]:
        """The fields that every rule has, its `version` still empty.

        What may be done about an alert accompanies the verdict as its annotations do, and is one of them.
        """
        annotations = {**self.annotations, **({INTERVENTION: self.intervention} if self.intervention else {})}
        return {
            "group": group,
            "name": self.alert,
            "version": "",
            "labels": self.labels,
            "annotations": annotations,
        }


# What any kind understands.
ALWAYS_TAKEN = frozenset(("alert", "severity", "labels", "annotations"))


class KindConfig(ConfigModel):
    """What stands under the key of a kind; `takes` are the common keys that the kind understands beside it.

    `fills` are the placeholders of annotations that only rules of this kind fill in.
    """

    takes: ClassVar[frozenset[str]] = frozenset()
    has_steps: ClassVar[bool] = False
    window_key: ClassVar[str] = "within"
    fills: ClassVar[frozenset[str]] = frozenset()

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit this kind."""
        foreign = sorted(common.model_fields_set & CommonConfig.model_fields.keys() - ALWAYS_TAKEN - self.takes)
        if foreign:
            accepted = ", ".join(sorted(self.takes | ALWAYS_TAKEN))
            raise ValueError(f"{foreign[0]} says nothing under a rule of this kind; accepted beside it: {accepted}")
        if not self.has_steps and [step.at for step in common.severity] != [1]:
            raise ValueError("severity has steps, and a rule of this kind no window; give a level such as critical")

        for text in common.annotations.values():
            if empty := [name for name in placeholders(text) if name in OF_SOME_KINDS and name not in self.fills]:
                raise ValueError(f"annotations: nothing fills in {{{empty[0]}}} under a rule of this kind; remove it")

    def problems(self, references: References) -> Iterator[tuple[Location, str]]:
        """What does not fit what the rule refers to: where below the kind's key, and the message."""
        yield from ()

    def doubts(self, references: References) -> Iterator[tuple[Location, str]]:
        """What can hardly be meant, beside the event types: where below the kind's key, and the message."""
        yield from ()

    @abstractmethod
    def rule(self, group: str, common: CommonConfig, references: References) -> Rule:
        """The rule it describes with the common keys, its `version` still empty."""

    @property
    def of_rule(self) -> str | None:
        """The name of the milestone rule that a rule of this kind is about."""
        return None

    def misfit(self, target: MilestoneRule) -> str | None:
        """What keeps a rule of this kind from being about a milestone rule; None where nothing does."""
        return None

    def longest_window(self, common: CommonConfig) -> timedelta:
        """The most counted time any instant of the rule lies after a start."""
        return timedelta(0)
