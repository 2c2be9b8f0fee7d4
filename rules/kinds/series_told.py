"""What is told of one alert of a series, whatever the kind of its rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.alert import AlertState
from domain.series_rule import LabelSet, SeriesRule


@dataclass(frozen=True, slots=True)
class SeriesTold:
    """From `known_at` on the alert stands so.

    `clock` names it among those of its rule and label set: a series breaks a rule many times.
    """

    rule: SeriesRule
    labels: LabelSet
    clock: str
    known_at: datetime
    state: AlertState
    severity: str
    started_at: datetime
    deadline_at: datetime
    fired_at: datetime
    resolved_at: datetime | None
    changed_at: datetime
    reason: str
    within: timedelta | None = None
