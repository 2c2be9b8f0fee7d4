"""Suspends verdicts: what would fire while nobody could tell that the duty was met waits until somebody can.

An alert that was told to fire before goes on firing. When its source speaks again, and had the time to send what it
kept, a suspended alert fires if it still stands; what later events ended or disproved meanwhile was never told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.alert import AlertState
from domain.instants import format_instant
from domain.source_silence import Unknown, UnknownTimes
from rules.kinds.knowledge import known_from
from rules.told import LATE_GRACE, Change, Reading, Told

# Names, in the annotations of a suspended alert, the sources for whose word it waits.
SUSPENDED_BY = "suspended_by"
BETWEEN_SOURCES = ", "


def suspended(reading: Reading, unknown: UnknownTimes, through: datetime) -> Reading:
    """What is told by `through` where the verdict was unknown for those stretches of time."""
    if not unknown:
        return reading
    by_clock: dict[str, list[Change]] = {}
    # Each clock's changes are in order; that of the clocks stays, as it decides between changes of one instant.
    for change in reading.changes:
        by_clock.setdefault(change[1].case.clock, []).append(change)
    changes: list[Change] = []
    due = [reading.due_at] if reading.due_at else []
    for timeline in by_clock.values():
        shown = list(_shown(timeline, unknown, through))
        changes += shown
        if shown[-1][1].state is AlertState.SUSPENDED:
            known_at = unknown.known_again(shown[-1][0])
            due += [known_at] if known_at else []
    return Reading(changes, min(due, default=None))


def suspended_now(told: Told[Any], unknown: UnknownTimes, known_at: datetime) -> Told[Any]:
    """What stands, by all that was known at `known_at`: suspended, where its verdict is still unknown then."""
    if told.state is not AlertState.FIRING or told.fired_at is None:
        return told
    start_known_at = known_from(told.case.start)
    begins_at = told.fired_at if start_known_at <= told.fired_at else start_known_at + LATE_GRACE
    why = unknown.at(begins_at)
    if why is None:
        return told
    known_again_at = unknown.known_again(begins_at)
    if known_again_at is not None and known_again_at <= known_at:
        return told
    return _suspend(told, why, begins_at)


def suspended_reason(told: Told[Any], reason: str) -> str:
    """Why the verdict is unknown, before what is known: `reason`."""
    why = told.unknown
    if why is None:
        raise ValueError("a suspended alert says why nothing is known")
    since = format_instant(why.since)
    if not why.sources:
        return f"Unknown: Milepost was away from {since}, and sources have yet to send what they kept. So far: {reason}"
    names = " and ".join(why.sources)
    verb, pronoun = ("is", "it") if len(why.sources) == 1 else ("are", "they")
    return (
        f"Unknown: {names} {verb} silent since {since}, and {pronoun} would tell of {why.event_type}. So far: {reason}"
    )


def suspended_annotations(told: Told[Any]) -> dict[str, str]:
    """Who has to speak before the alert is judged; empty where nobody has."""
    return {SUSPENDED_BY: BETWEEN_SOURCES.join(told.unknown.sources)} if told.unknown and told.unknown.sources else {}


def _shown(timeline: Sequence[Change], unknown: UnknownTimes, through: datetime) -> Iterator[Change]:
    """The changes of one clock, in order, as they are told."""
    shown: Told[Any] | None = None
    for position, (at, told) in enumerate(timeline):
        until = timeline[position + 1][0] if position + 1 < len(timeline) else None
        new = _tell(told, unknown.at(at), shown, at)
        if shown is None or new.gist != shown.gist:
            yield at, new
            shown = new
        if shown.state is not AlertState.SUSPENDED:
            continue
        known_at = unknown.known_again(at)
        if known_at is not None and known_at <= through and (until is None or known_at < until):
            shown = replace(told, changed_at=known_at)
            yield known_at, shown


def _tell(told: Told[Any], why: Unknown | None, shown: Told[Any] | None, at: datetime) -> Told[Any]:
    before = shown.state if shown else None
    if told.state is AlertState.FIRING and why and before is not AlertState.FIRING:
        return _suspend(told, why, at)
    if told.state is AlertState.RETRACTED and before is AlertState.SUSPENDED:
        return replace(told, fired_at=None)
    if told.state is AlertState.FIRING and before is AlertState.SUSPENDED:
        # It stands since its deadline, and is told only now.
        return replace(told, changed_at=at)
    return told


def _suspend(told: Told[Any], why: Unknown, at: datetime) -> Told[Any]:
    # A change of what is known, not of the world: it bears the instant at which it became so.
    return replace(told, state=AlertState.SUSPENDED, fired_at=None, changed_at=at, unknown=why)
