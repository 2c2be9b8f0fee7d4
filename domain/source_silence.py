"""Stretches of time in which sources said nothing, and in which a rule therefore cannot know what it waits for.

A silence is about receipt: it begins once more than the agreed time has passed since anything was received, and ends
when the next event is, whatever that event tells of and whenever it occurred.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from domain.contract import Contracts
from domain.instants import EARLIEST, LATEST

# The alert that stands for all that a silent source leaves undecided.
SOURCE_SILENT = "SourceSilent"
SOURCE = "source"
# A source that speaks again first sends what it has kept; until it had the time for that, its word is not complete.
BACKLOG_GRACE = timedelta(minutes=5)

# Half open; an end of LATEST is not known yet.
_Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class SourceSilence:
    """A source says nothing from `since`, of one event type or (`event_type` None) of anything; `until` None: still.

    `source` None is Milepost itself: it was away and could hear nobody.
    """

    source: str | None
    event_type: str | None
    heard_at: datetime
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """From `since` until `ends_at` nobody tells of an event type: `sources` are silent; none: Milepost was away.

    `ends_at` lies the grace for the backlog after the end of the silence; None: it has not ended.
    """

    event_type: str | None
    sources: tuple[str, ...]
    since: datetime
    ends_at: datetime | None


class UnknownTimes:
    """When the verdicts of one rule are unknown."""

    def __init__(self, stretches: Iterable[Unknown] = ()) -> None:
        self._stretches = sorted(stretches, key=lambda unknown: (unknown.since, unknown.event_type or ""))
        self._begins = [unknown.since for unknown in self._stretches]
        self._latest_end = list(accumulate((unknown.ends_at or LATEST for unknown in self._stretches), max))

    def __bool__(self) -> bool:
        return bool(self._stretches)

    def at(self, instant: datetime) -> Unknown | None:
        """Why nothing is known at an instant; None where the verdict is known."""
        position = bisect_right(self._begins, instant)
        while position and self._latest_end[position - 1] > instant:
            position -= 1
            unknown = self._stretches[position]
            if unknown.ends_at is None or unknown.ends_at > instant:
                return unknown
        return None

    def known_again(self, instant: datetime) -> datetime | None:
        """The first instant from this one on at which the verdict is known; None where that is not known yet."""
        while unknown := self.at(instant):
            if unknown.ends_at is None:
                return None
            instant = unknown.ends_at
        return instant


class Silences:
    """What is known of the silences of all sources by an instant."""

    def __init__(
        self,
        contracts: Contracts,
        silences: Sequence[SourceSilence] = (),
        first_heard: Mapping[str, datetime] | None = None,
    ) -> None:
        """`first_heard` says of each source that ever spoke since when it does."""
        self.all = silences
        self._contracts = contracts
        self._first_heard = first_heard or {}

    @property
    def heard(self) -> frozenset[str]:
        """The sources that ever spoke."""
        return frozenset(self._first_heard)

    def is_told_after(self, instant: datetime) -> bool:
        """Whether any source spoke again, or for the first time, after an instant."""
        return self._ended_after(instant) or any(heard_at > instant for heard_at in self._first_heard.values())

    def is_news_after(self, instant: datetime) -> bool:
        """Whether after an instant there may be something to tell of sources without any further suspension."""
        return self._ended_after(instant) or any(silence.source is None for silence in self.all)

    def unknown_times(self, event_types: Iterable[str]) -> UnknownTimes:
        """When it is unknown whether an object has reached any of these event types."""
        return UnknownTimes(unknown for type_ in sorted(event_types) for unknown in self._unknown(type_))

    def _ended_after(self, instant: datetime) -> bool:
        return any(silence.until is not None and silence.until > instant for silence in self.all)

    def _unknown(self, event_type: str) -> Iterator[Unknown]:
        contract = self._contracts.events.get(event_type)
        # Who never spoke is not connected: nobody waits for its word.
        heard = [source for source in contract.sources if source in self._first_heard] if contract else []
        if not heard:
            return
        spoken = silent = [(min(self._first_heard[source] for source in heard), LATEST)]
        for source in heard:
            silent = _both(silent, self._stretches_of(source, event_type))
        for since, until in silent:
            names = tuple(source for source in heard if self._first_heard[source] <= since)
            yield Unknown(event_type, names, since, _known_from(until))
        away = _joined((one.since, one.until or LATEST) for one in self.all if one.source is None)
        for since, until in _both(spoken, away):
            yield Unknown(None, (), since, _known_from(until))

    def _stretches_of(self, source: str, event_type: str) -> list[_Stretch]:
        """When a source told nothing of an event type: before its first word, and in its silences."""
        stretches = [
            (silence.since, silence.until or LATEST)
            for silence in self.all
            if silence.source == source and silence.event_type in (None, event_type)
        ]
        return _joined([(EARLIEST, self._first_heard[source]), *stretches])


@dataclass(frozen=True, slots=True)
class Episode:
    """A source is silent from `since` until `until` (None: still), of one thing after the other: `silences`."""

    source: str
    since: datetime
    until: datetime | None
    silences: tuple[SourceSilence, ...]


def episodes(silences: Iterable[SourceSilence]) -> list[Episode]:
    """The silences of each source, those that overlap or touch as one, by source and time."""
    found: list[Episode] = []
    spoken = [silence for silence in silences if silence.source]
    for silence in sorted(spoken, key=lambda one: (one.source or "", one.since, one.event_type or "")):
        source = silence.source or ""
        last = found[-1] if found else None
        if last and last.source == source and (last.until is None or silence.since <= last.until):
            until = max(last.until, silence.until) if last.until and silence.until else None
            found[-1] = Episode(source, last.since, until, (*last.silences, silence))
        else:
            found.append(Episode(source, silence.since, silence.until, (silence,)))
    return found


def _known_from(until: datetime) -> datetime | None:
    return None if until == LATEST else until + BACKLOG_GRACE


def _joined(stretches: Iterable[_Stretch]) -> list[_Stretch]:
    joined: list[_Stretch] = []
    for since, until in sorted(stretches):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


def _both(one: Sequence[_Stretch], other: Sequence[_Stretch]) -> list[_Stretch]:
    """The stretches that lie in both, each given in order and apart."""
    common: list[_Stretch] = []
    left = right = 0
    while left < len(one) and right < len(other):
        since, until = max(one[left][0], other[right][0]), min(one[left][1], other[right][1])
        if since < until:
            common.append((since, until))
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1
    return common
