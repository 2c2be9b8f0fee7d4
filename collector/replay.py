"""Tries dead letters again through the same door as live traffic, and records what became of each.

A letter is taken first and its attempt recorded afterwards. A kill in between leaves it waiting, and its next replay
finds duplicates: so a replay may be repeated at any time and stores nothing twice. Who asked for what is in the audit
log before anything is taken.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.metrics import CollectorMetrics
from domain.audit import Act, ActKind, Actor
from domain.clock import Clock
from domain.errors import UsageError
from storage.audit import write_audit
from storage.client import Store
from storage.dead_letter_attempts import Attempt, AttemptOutcome, insert_attempts
from storage.dead_letters import (
    ANY_LETTER,
    FIRST_PLACE,
    DeadLetter,
    LetterFilter,
    LetterPlace,
    dead_letter_places,
    waiting_dead_letters,
    whole_dead_letters,
)

MOST_IDS = 1_000
LETTERS_A_PAGE = 1_000
# What is in memory at once; one letter may hold as much as a request.
_LETTERS_A_PORTION = 250
_BYTES_A_PORTION = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one letter, or in a dry run would; `code` and `reason` say why it is rejected."""

    outcome: AttemptOutcome
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters to replay: those of the ids, or all that wait and match, from a place on."""

    ids: tuple[str, ...] = ()
    letters: LetterFilter = ANY_LETTER
    after: LetterPlace = FIRST_PLACE


@dataclass(slots=True)
class Page:
    """The letters replayed at one go, and the place to go on from where there may be more."""

    results: list[tuple[DeadLetter, Fate]]
    rest: LetterPlace | None = None


class Channel(Protocol):
    """Takes the letters of one channel as its receiver takes requests."""

    def take(self, letters: Sequence[DeadLetter]) -> Sequence[Fate | Exception]:
        """What became of each letter; an exception for one that could not be stored just now."""

    def foresee(self, letters: Sequence[DeadLetter]) -> Sequence[Fate]:
        """What `take` would do now; writes nothing."""


class Replay:
    """Replays letters, one caller at a time, so that two never store the spans of one letter side by side."""

    def __init__(self, store: Store, clock: Clock, channels: Mapping[str, Channel], metrics: CollectorMetrics) -> None:
        self._store = store
        self._clock = clock
        self._channels = channels
        self._metrics = metrics
        self._lock = threading.Lock()

    def run(self, selection: Selection, by: Actor, *, dry_run: bool = False, reason: str = "") -> Page:
        """Replays the selected letters, the oldest first, at most a page of them.

        UsageError for an id that is none. A StoreError ends it; what was done until then is recorded.
        """
        places = self._named(selection.ids) if selection.ids else self._waiting(selection)
        page = Page([])
        with self._lock:
            if places and not dry_run:
                write_audit(self._store, _replaying(selection, places, by, reason), self._clock.now())
            for portion in _portions(places):
                letters = whole_dead_letters(self._store, portion)
                page.results += self._foresee(letters) if dry_run else self._take(letters, by)
        if not selection.ids and len(places) == LETTERS_A_PAGE:
            page.rest = places[-1]
        return page

    def discard(self, ids: Sequence[str], by: Actor, reason: str) -> int:
        """Records that letters will not be replayed, and why; how many they are."""
        if not reason.strip():
            raise UsageError("a dead letter is discarded for a reason; say which")
        now, places = self._clock.now(), self._named(ids)
        named = [place.dead_letter_id for place in places]
        details = {"dead_letter_ids": named}
        write_audit(self._store, Act(ActKind.DEAD_LETTER_DISCARD, by, _subject(places), reason, details), now)
        attempts = [Attempt(id_, now, str(by), AttemptOutcome.DISCARDED, reason=reason) for id_ in named]
        insert_attempts(self._store, attempts)
        return len(attempts)

    def _named(self, ids: Sequence[str]) -> list[LetterPlace]:
        if not 1 <= len(set(ids)) <= MOST_IDS:
            raise UsageError(f"{len(set(ids))} ids of dead letters; give 1 to {MOST_IDS}")
        places = dead_letter_places(self._store, ids)
        if unknown := sorted(set(ids) - {place.dead_letter_id for place in places}):
            raise UsageError(
                f"there is no dead letter {', '.join(map(repr, unknown[:5]))}; "
                "`milepost dead-letters list` shows their ids"
            )
        return places

    def _waiting(self, selection: Selection) -> list[LetterPlace]:
        return waiting_dead_letters(self._store, selection.letters, selection.after, LETTERS_A_PAGE)

    def _foresee(self, letters: Sequence[DeadLetter]) -> list[tuple[DeadLetter, Fate]]:
        results: list[tuple[DeadLetter, Fate]] = []
        for name, some in _by_channel(letters).items():
            channel = self._channels.get(name)
            fates = channel.foresee(some) if channel else [_unknown(name)] * len(some)
            results += zip(some, fates, strict=True)
        return results

    def _take(self, letters: Sequence[DeadLetter], by: Actor) -> list[tuple[DeadLetter, Fate]]:
        results: list[tuple[DeadLetter, Fate]] = []
        failures: list[Exception] = []
        for name, some in _by_channel(letters).items():
            channel = self._channels.get(name)
            outcomes = channel.take(some) if channel else [_unknown(name)] * len(some)
            for letter, outcome in zip(some, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    failures.append(outcome)
                else:
                    results.append((letter, outcome))
        now = self._clock.now()
        insert_attempts(
            self._store,
            [
                Attempt(letter.dead_letter_id, now, str(by), fate.outcome, fate.code, fate.reason)
                for letter, fate in results
            ],
        )
        for letter, fate in results:
            self._metrics.replays.labels(letter.channel, fate.outcome).inc()
        if failures:
            raise failures[0]
        return results


def _replaying(selection: Selection, places: Sequence[LetterPlace], by: Actor, reason: str) -> Act:
    """What is asked: the letters by their ids, or the filter and where its page of them begins and ends."""
    details: dict[str, object] = {"letters": len(places)}
    if selection.ids:
        details["dead_letter_ids"] = [place.dead_letter_id for place in places]
    else:
        letters = selection.letters
        asked = {"channel": letters.channel, "code": letters.code, "source": letters.source}
        details["filter"] = {name: value for name, value in asked.items() if value}
        details["first"], details["last"] = places[0].dead_letter_id, places[-1].dead_letter_id
    return Act(ActKind.DEAD_LETTER_REPLAY, by, _subject(places), reason, details)


def _subject(places: Sequence[LetterPlace]) -> str:
    return places[0].dead_letter_id if len(places) == 1 else f"{len(places)} dead letters"


def _by_channel(letters: Sequence[DeadLetter]) -> dict[str, list[DeadLetter]]:
    channels: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        channels.setdefault(letter.channel, []).append(letter)
    return channels


def _unknown(channel: str) -> Fate:
    reason = f"letters of the channel {channel!r} cannot be replayed by this program"
    return Fate(AttemptOutcome.REJECTED, "unknown_channel", reason)


def _portions(places: Sequence[LetterPlace]) -> Iterator[list[LetterPlace]]:
    portion: list[LetterPlace] = []
    size = 0
    for place in places:
        if portion and (len(portion) == _LETTERS_A_PORTION or size + place.body_bytes > _BYTES_A_PORTION):
            yield portion
            portion, size = [], 0
        portion.append(place)
        size += place.body_bytes
    if portion:
        yield portion
