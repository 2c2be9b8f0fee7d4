"""Judges one object under a rule that only those who answer for something may state it.

There is one alert of an object for each source and each thing that it states, an event type or the field: an
integration that writes wrongly all day makes one alert an object, which fires again if that goes on after it was set
right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from domain.authority_rule import AuthorityRule
from domain.milestone import Milestone
from domain.reconcile_rule import ATTRIBUTES
from rules.kinds.breach import Breach, Standing, Standings, words
from rules.kinds.course import Course, News
from rules.kinds.knowledge import EventsKnown, Start, known_from
from rules.kinds.milestone import CLOCK_SEPARATOR
from rules.kinds.reconcile_values import Value, value_of
from rules.kinds.runs import Runs


def unowned_statements(rule: AuthorityRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """For each source and thing it states without owning it how that stands, each time that was known otherwise."""
    events = EventsKnown(rule, history, through)
    matters: dict[str, _Matter] = {}
    for event, changes in events.counting(rule.opening_types):
        if event.source not in rule.owners[event.type] and (value := _value(rule, event)) is not None:
            what = rule.field or event.type
            clock = f"{event.source}{CLOCK_SEPARATOR}{what}"
            matters.setdefault(clock, _Matter(event.source, what)).stated.append((event, changes, value))
    if not matters:
        return {}
    others = events.sightings(rule.event_types).milestones
    return {clock: standings for clock, matter in matters.items() if (standings := _standings(rule, matter, others))}


@dataclass(frozen=True, slots=True)
class _Matter:
    """One source, the event type or field that it states, and its statements with when they counted."""

    source: str
    what: str
    stated: list[tuple[Milestone, list[Start], Value]] = field(default_factory=list)


class _Stand(NamedTuple):
    """What the owners said last, what the source said last, and whether that is wrong."""

    owned: Value | None = None
    stated: Value | None = None
    is_wrong: bool = False


def _standings(rule: AuthorityRule, matter: _Matter, others: Sequence[Milestone]) -> list[Standing]:
    ends = [event for event in others if event.type in rule.unless or _is_owned(rule, matter, event)]
    # Who sets something right at the instant at which it was stated keeps it from being wrong at all.
    parts = [*((event, changes) for event, changes, _ in matter.stated), *((event, None) for event in ends)]
    parts.sort(key=lambda part: (part[0].occurred_at, part[1] is None, part[0].order))
    arrivals: list[tuple[datetime, News]] = []
    for place, (event, changes) in enumerate(parts):
        if changes is None:
            arrivals.append((known_from(event), (place, event)))
        else:
            arrivals += [(change.known_at, (place, change.milestone)) for change in changes]
    arrivals.sort(key=itemgetter(0))

    def step(stand: _Stand, event: Milestone) -> _Stand:
        if event.type in rule.unless:
            return stand._replace(is_wrong=False)
        value = _value(rule, event)
        if event.source in rule.owners[event.type]:
            # An event says that it happened, whoever stated it before; a field has to be said alike.
            return _Stand(value, stand.stated, stand.is_wrong and rule.field is not None and value != stand.stated)
        return _Stand(stand.owned, value, rule.field is None or value != stand.owned)

    course = Course(_Stand(), step)
    instants = [event.occurred_at for event, _ in parts]
    runs = Runs(instants, lambda since: since)
    found: list[Standing] = []
    for known_at, arrived in groupby(arrivals, key=itemgetter(0)):
        runs.learn([(place, stand.is_wrong) for place, stand in course.learn([news for _, news in arrived])])
        if run := runs.lasting or runs.last_over:
            ended_by = None if run.end is None else parts[run.end][0]
            stand = course.state_at(run.first)
            found.append(Standing(known_at, _breach(rule, matter, parts[run.first][0], ended_by, stand)))
        elif found:
            found.append(Standing(known_at, None))
    return found if any(standing.breach for standing in found) else []


def _breach(
    rule: AuthorityRule, matter: _Matter, first: Milestone, ended_by: Milestone | None, stand: _Stand
) -> Breach:
    owners = " or ".join(rule.owners[first.type]) or "nobody"
    if rule.field is None:
        what = f"{words(first)} was stated by {matter.source}, and its word counts only from {owners}"
    else:
        name = rule.field.removeprefix(ATTRIBUTES)
        said = f'; they said "{stand.owned}" before' if stand.owned is not None else ""
        what = f'{words(first)} states {name} "{stand.stated}", which counts only from {owners}{said}'
    is_mended = ended_by is not None and ended_by.type not in rule.unless
    says = "says the same" if is_mended else "ended it"
    return Breach(
        rule=rule,
        clock=f"{matter.source}{CLOCK_SEPARATOR}{matter.what}",
        start=first,
        started_at=first.occurred_at,
        fires_at=first.occurred_at,
        severity=rule.level,
        what=what,
        otherwise="later events show that it was set right at once, or was nothing new",
        ended_by=ended_by,
        mended=f"{words(ended_by)} {says}" if ended_by else "",
    )


def _value(rule: AuthorityRule, event: Milestone) -> Value | None:
    """What an event states of that which has owners; None where it states nothing of it."""
    return event.type if rule.field is None else value_of(event, rule.field)


def _is_owned(rule: AuthorityRule, matter: _Matter, event: Milestone) -> bool:
    """Whether an event is the word of an owner on the matter."""
    if event.source not in rule.owners.get(event.type, ()):
        return False
    return event.type == matter.what if rule.field is None else value_of(event, rule.field) is not None
