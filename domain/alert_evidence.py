"""Why an alert stands as it does, as far as the history of its object says so: what `Alert.evidence` holds.

The fields are those that users see in JSON: instants are RFC 3339, durations as rule files write them, and what has
nothing to say is left out. However much happened to an object, its evidence stays small.
"""

from datetime import datetime

import xxhash
from msgspec import Struct


class EventEvidence(Struct, frozen=True):
    """One event, by its identity (source, event_id), and when it occurred and was first received."""

    type: str
    source: str
    event_id: str
    occurred_at: datetime
    received_at: datetime


class CalendarEvidence(Struct, frozen=True):
    """The calendar in which the window is counted."""

    name: str
    time_zone: str


class OverrideEvidence(Struct, frozen=True):
    """The override that gave the object its own window: the first whose condition holds."""

    where: str
    within: str


class PeriodEvidence(Struct, frozen=True):
    """The period whose cutoff comes before the window is over, and so is the deadline."""

    name: str
    cutoff_at: datetime


class PauseEvidence(Struct, frozen=True, omit_defaults=True):
    """Time that did not count; without `until` the pause had not ended."""

    since: datetime
    until: datetime | None = None


class PausesEvidence(Struct, frozen=True, omit_defaults=True):
    """How often the clock was paused while it ran, the first few times and, where there were more, the last few."""

    count: int
    first: tuple[PauseEvidence, ...]
    last: tuple[PauseEvidence, ...] = ()


class SuspendedEvidence(Struct, frozen=True, omit_defaults=True):
    """Why the verdict is unknown: since when nobody tells of the event type; no sources: Milepost was away."""

    since: datetime
    event_type: str | None = None
    sources: tuple[str, ...] = ()


class AlertEvidence(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What decided an alert at its latest change.

    `started_by` started the clock, or is the event that breaks the rule, with `events` beside it where it takes more
    than one. `stopped_by` stopped the clock or mended the breach; of a retracted alert it is what shows that nothing
    was wrong. `awaits` are the event types that have not come. `within` is the window that applied, counted in the
    `calendar` and less the `pauses`. `skew` is given where the stop occurred before the start and is forgiven.
    """

    started_by: EventEvidence | None = None
    stopped_by: EventEvidence | None = None
    events: tuple[EventEvidence, ...] = ()
    awaits: tuple[str, ...] = ()
    within: str | None = None
    override: OverrideEvidence | None = None
    calendar: CalendarEvidence | None = None
    period: PeriodEvidence | None = None
    skew: str | None = None
    pauses: PausesEvidence | None = None
    suspended: SuspendedEvidence | None = None


NO_EVIDENCE = AlertEvidence()


def facts_digest(reason: str, evidence: AlertEvidence) -> str:
    """A name of what an alert tells: another where what it says, or an event that decided it, is another."""
    told = [one for one in (evidence.started_by, evidence.stopped_by, *evidence.events) if one]
    names = sorted(f"{one.source}\0{one.event_id}" for one in told)
    return xxhash.xxh3_64_hexdigest("\1".join([reason, *names]).encode())
