"""Breaches: what one object did that it should not have, or what is not there that should be.

The kinds of rules that do not run a clock of their own say what they found as standings: from an instant on, this is
the breach, or there is none. What is told of it, and when, is the same for all of them and worked out here.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from domain.alert import AlertState
from domain.instants import LATEST, format_instant
from domain.milestone import Milestone
from domain.rule import ObjectRule, Rule
from rules.kinds.knowledge import KNOWN_AT, Ending, Sightings, Start, standing_at
from rules.kinds.milestone import once_each
from rules.told import LATE_GRACE, Change, Reading, Told, retell


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that is wrong with an object under a rule.

    `clock` names it among those of the object, `start` is the milestone that shows it. It counts from `fires_at` on,
    which may lie ahead, until `ended_by` mends it. `what` is the sentence on what is wrong, `mended` the one on what
    mended it, `otherwise` what later events have to show for it not to have been wrong at all. `others` are the events
    beside `start` that it takes, a few of them at most, `missing` the event types that should be there.
    `fills` are words for annotations that this kind has beside those of every rule.
    """

    rule: Rule
    clock: str
    start: Milestone
    started_at: datetime
    fires_at: datetime
    severity: str
    what: str
    otherwise: str
    ended_by: Milestone | None = None
    mended: str = ""
    within: timedelta | None = None
    is_paused: bool = False
    others: tuple[Milestone, ...] = ()
    missing: tuple[str, ...] = ()
    fills: Mapping[str, str] = field(default_factory=dict)


class Refusal(NamedTuple):
    """From `known_at` on, an event was illegal in this state; None: it was legal."""

    known_at: datetime
    state: str | None


class Standing(NamedTuple):
    """From `known_at` until the next standing of its clock this is the breach; None: there is none.

    The last may be from an instant ahead, at which time alone puts one breach in the place of another.
    """

    known_at: datetime
    breach: Breach | None


# By clock, each in order of `known_at`.
Standings = Mapping[str, Sequence[Standing]]
# Reads all that became known of one object by an instant: (rule, history, through).
StandingReader = Callable[[Any, Sequence[Milestone], datetime], Standings]


class _Stage(NamedTuple):
    """What stands from `begins_at` until the next stage's `known_at`, and again from each of `instants` on."""

    known_at: datetime
    begins_at: datetime
    breach: Breach | None
    instants: Sequence[datetime]


def read_breaches(reader: StandingReader, rule: ObjectRule, history: Iterable[Milestone], through: datetime) -> Reading:
    """All that is told of an object's breaches by `through`, and when time alone next changes that."""
    history = list(history)
    reading = read_standings(reader(rule, history, through).values(), through)
    types = rule.event_types
    due = [m.occurred_at for m in history if m.type in types and m.received_at <= through < m.occurred_at]
    if reading.due_at is not None:
        due.append(reading.due_at)
    return reading._replace(due_at=min(due, default=None))


def read_standings(standings: Iterable[Sequence[Standing]], through: datetime) -> Reading:
    """All that is told of standings by `through`, and when time alone next changes that."""
    timelines = [_stages(timeline) for timeline in standings]
    changes = [change for timeline in timelines for change in _changes(timeline, through)]
    ahead = (instant for timeline in timelines for instant in (timeline[-1].begins_at, *timeline[-1].instants))
    return Reading(changes, min((instant for instant in ahead if through < instant <= LATEST), default=None))


def standing_breaches(
    reader: StandingReader, rule: ObjectRule, history: Iterable[Milestone], at: datetime
) -> list[Told[Breach]]:
    """What stands at `at` by all that the history holds."""
    known = [replace(m, received_at=m.occurred_at) for m in once_each(history) if m.occurred_at <= at]
    found = reader(rule, known, at).values()
    lasts = [[one.breach for one in timeline if one.known_at <= at][-1:] for timeline in found]
    return [told for last in lasts for breach in last if breach and (told := tell(breach, at))]


def tell(breach: Breach, at: datetime) -> Told[Breach] | None:
    """What a breach says at an instant to somebody who had heard nothing; None where it does not count."""
    if breach.fires_at > at:
        return None
    ended_at = breach.ended_by.occurred_at if breach.ended_by else None
    if ended_at is not None and ended_at <= breach.fires_at:
        return None
    return Told(
        state=AlertState.FIRING if ended_at is None else AlertState.RESOLVED,
        case=breach,
        severity=breach.severity,
        deadline_at=breach.fires_at,
        fired_at=breach.fires_at,
        resolved_at=ended_at,
        changed_at=ended_at or breach.fires_at,
    )


def words(milestone: Milestone) -> str:
    """An event as sentences name it."""
    return f"{milestone.type} at {format_instant(milestone.occurred_at)} ({milestone.source})"


def standings_of(
    judge: Callable[..., Breach | None], *parts: Sequence[Start] | Sequence[Ending] | Sequence[Refusal]
) -> list[Standing]:
    """What `judge` says of what stood in each of the parts, each time that one of them changed.

    None before the first breach is left out.
    """
    found: list[Standing] = []
    for instant in sorted({change.known_at for changes in parts for change in changes}):
        breach = judge(*(_stood(changes, instant) for changes in parts))
        if breach or found:
            found.append(Standing(instant, breach))
    return found


def _stood(changes: Sequence[Start] | Sequence[Ending] | Sequence[Refusal], instant: datetime) -> Any:
    position = bisect_right(changes, instant, key=KNOWN_AT)
    # What a change says stands last in all of them.
    return changes[position - 1][-1] if position else None


def with_endings(standings: Sequence[Standing], endings: Sightings) -> Sequence[Standing]:
    """The standings with the first of the endings that ends each, at or after it counts, as that became known."""
    if not endings.milestones:
        return standings
    found: list[Standing] = []
    for position, standing in enumerate(standings):
        known_at, breach = standing
        if breach is None:
            found.append(standing)
            continue
        until = standings[position + 1].known_at if position + 1 < len(standings) else None
        changes = endings.first_known(breach.fires_at, known_at)
        instants = [known_at, *(change.known_at for change in changes if change.known_at > known_at)]
        for instant in instants:
            if until is None or instant < until:
                found.append(Standing(instant, _ended(breach, standing_at(changes, instant))))
    return found


def _ended(breach: Breach, ending: Milestone | None) -> Breach:
    mended_by = breach.ended_by
    if ending is None or (mended_by is not None and mended_by.occurred_at <= ending.occurred_at):
        return breach
    said = f"later events show {words(ending)}"
    otherwise = said if ending.occurred_at == breach.fires_at else breach.otherwise
    return replace(breach, ended_by=ending, mended=f"{words(ending)} ended it", otherwise=otherwise)


def reason(told: Told[Breach]) -> str:
    """Why the alert stands as it does."""
    breach = told.case
    if told.state is AlertState.RETRACTED:
        return f"Retracted: {breach.otherwise}; that became known at {format_instant(told.changed_at)}."
    if told.state is AlertState.RESOLVED:
        return f"{breach.what}, and {breach.mended}."
    return f"{breach.what}."


def _stages(timeline: Sequence[Standing]) -> list[_Stage]:
    stages: list[_Stage] = []
    found_at: datetime | None = None
    for known_at, breach in timeline:
        if breach is None:
            found_at = None
            stages.append(_Stage(known_at, known_at, None, ()))
            continue
        found_at = found_at or known_at
        # Found only after it happened, it may be mended by what the same import brings next.
        begins_at = known_at if breach.fires_at >= found_at else max(known_at, found_at + LATE_GRACE)
        is_ahead = breach.fires_at > begins_at and breach.ended_by is None
        stages.append(_Stage(known_at, begins_at, breach, (breach.fires_at,) if is_ahead else ()))
    return stages


def _changes(timeline: Sequence[_Stage], through: datetime) -> Iterator[Change]:
    told: Told[Breach] | None = None
    for position, stage in enumerate(timeline):
        until = timeline[position + 1].known_at if position + 1 < len(timeline) else None
        for instant in (stage.begins_at, *stage.instants):
            if instant > through or (until is not None and instant >= until):
                break
            breach = stage.breach
            new = retell(told, tell(breach, instant) if breach else None, breach, instant)
            if new is not None and new is not told:
                yield instant, new
            told = new
