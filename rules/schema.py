"""The rule files as their authors write them, checked part by part, and what they make as rules."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from domain.calendar import Calendar
from domain.config_file import ConfigModel
from domain.rule import Rule
from rules.config_parts import CommonConfig, GroupName, KindConfig
from rules.kinds.absence_config import AbsenceConfig
from rules.kinds.authority_config import AuthorityConfig
from rules.kinds.burn_rate_config import BurnRateConfig
from rules.kinds.duplicate_config import DuplicateConfig
from rules.kinds.forecast_config import ForecastConfig
from rules.kinds.milestone_config import MilestoneConfig
from rules.kinds.reconcile_config import ReconcileConfig
from rules.kinds.sequence_config import SequenceConfig
from rules.kinds.threshold_config import ThresholdConfig
from rules.references import References

NOT_JUDGED = ("version", "group", "name", "labels", "annotations", "tenure", "forecasts")
KINDS = (
    "milestone",
    "sequence",
    "duplicate",
    "reconcile",
    "authority",
    "absence",
    "threshold",
    "burn_rate",
    "forecast",
)


class RuleConfig(CommonConfig):
    """One rule as its author wrote it: one kind, and the keys that the kind takes beside it."""

    milestone: MilestoneConfig | None = None
    sequence: SequenceConfig | None = None
    duplicate: DuplicateConfig | None = None
    reconcile: ReconcileConfig | None = None
    authority: AuthorityConfig | None = None
    absence: AbsenceConfig | None = None
    threshold: ThresholdConfig | None = None
    burn_rate: BurnRateConfig | None = None
    forecast: ForecastConfig | None = None

    @property
    def kinds(self) -> dict[str, KindConfig]:
        """The kinds that are given, by their keys."""
        return {name: kind for name in KINDS if (kind := getattr(self, name))}

    @property
    def kind(self) -> KindConfig:
        """The kind of the rule."""
        return next(iter(self.kinds.values()))

    @property
    def kind_key(self) -> str:
        """The key that the kind stands under."""
        return next(iter(self.kinds))

    @model_validator(mode="after")
    def _fits_together(self) -> "RuleConfig":
        if len(self.kinds) != 1:
            given = f"has {' and '.join(self.kinds)}" if self.kinds else "has no kind"
            raise ValueError(f"{given}; give one of {', '.join(KINDS)}")
        self.kind.check(self)
        return self

    @property
    def longest_window(self) -> timedelta:
        """The most counted time any of the rule's instants lies after a start."""
        return self.kind.longest_window(self)

    def rule(self, group: str, references: References) -> Rule:
        """The rule it describes, with what it refers to."""
        rule = self.kind.rule(group, self, references)
        return replace(rule, version=digest(rule))


class GroupConfig(ConfigModel):
    """Rules that belong together."""

    name: GroupName
    rules: Annotated[tuple[RuleConfig, ...], Field(min_length=1)]


class RulesConfig(ConfigModel):
    """A file of rules."""

    groups: Annotated[tuple[GroupConfig, ...], Field(min_length=1)]


TITLES = {"groups": ("group", "name"), "rules": ("rule", "alert")}


def digest(rule: Rule) -> str:
    """A digest of all that a verdict depends on, so not of words that only accompany it."""
    judged = {part.name: getattr(rule, part.name) for part in fields(rule) if part.name not in NOT_JUDGED}
    judged["kind"] = type(rule).__name__
    if target := judged.get("target"):
        judged["target"] = target.version
    return hashlib.sha256(repr(_plain(judged)).encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    """A value as something whose text is the same whenever it is equal."""
    if isinstance(value, Calendar):
        # What an author calls a calendar says nothing of its hours.
        return [_plain(getattr(value, part.name)) for part in fields(value) if part.compare and part.name != "name"]
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(_plain(getattr(value, part.name)) for part in fields(value) if part.compare)]
    if isinstance(value, Mapping):
        return sorted((repr(_plain(key)), _plain(item)) for key, item in value.items())
    if isinstance(value, frozenset):
        return sorted(repr(_plain(item)) for item in value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
