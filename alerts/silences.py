"""Makes, changes and ends silences by Alertmanager's rules, and says which one mutes an alert.

The past of a silence is never rewritten: where a change would, the old one ends and another is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import xxhash

from alerts.matchers import Matcher, parse_matchers
from domain.audit import NOBODY, Act, ActKind, Actor
from domain.errors import UsageError
from domain.instants import format_instant, to_micros
from domain.silence import Silence, SilenceState
from storage.audit import write_audit
from storage.client import Store
from storage.silences import find_silences, write_silences


@dataclass(frozen=True, slots=True)
class SilenceWish:
    """What is asked for; `starts_at` None is now, or the start of the silence that is to be changed.

    `silence_id` names that one by its id or enough of the beginning, and is empty where a new one is asked for. `by` is
    who asks, where more is known of that than the name in `created_by`.
    """

    matchers: Sequence[str]
    ends_at: datetime
    created_by: str
    comment: str
    starts_at: datetime | None = None
    silence_id: str = ""
    by: Actor = NOBODY

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return Actor(self.created_by.strip()) if self.by == NOBODY else self.by


_Read = tuple[Silence, tuple[Matcher, ...]]


def put_silence(store: Store, wish: SilenceWish, now: datetime) -> Silence:
    """The silence that is in force as asked from now on, once it is stored; UsageError where it cannot be.

    An active one keeps its matchers and its start, a pending one its matchers; a wish to change these, or one that is
    expired, makes another, and ends the old one. The same wish for a new one again gives what it gave before.
    """
    before = find_silence(store, wish.silence_id) if wish.silence_id else None
    matchers = _checked(wish, now)
    starts_at = wish.starts_at or (before.starts_at if before else now)
    if starts_at >= wish.ends_at:
        raise UsageError(f"starts_at is {format_instant(starts_at)}, not before ends_at; give an earlier one")
    if before and _keeps_the_past(before, matchers, starts_at, now):
        changed = replace(
            _next(before, now),
            starts_at=starts_at,
            ends_at=wish.ends_at,
            created_by=wish.created_by.strip(),
            comment=wish.comment.strip(),
        )
        _note(store, ActKind.SILENCE_UPDATE, wish.actor, changed, now)
        write_silences(store, [changed])
        return changed
    made, is_known = _new(store, wish, matchers, starts_at, before, now)
    ended = [_ended(before, now)] if before and before.state(now) is not SilenceState.EXPIRED else []
    for one in ended:
        _note(store, ActKind.SILENCE_EXPIRE, wish.actor, replace(one, comment=made.comment), now, replaced_by=made)
    if not is_known:
        _note(store, ActKind.SILENCE_ADD, wish.actor, made, now)
    # In one insert, so that no crash leaves the alerts unmuted between the two.
    write_silences(store, [*ended, *([] if is_known else [made])])
    return made


def expire_silence(store: Store, silence_id: str, now: datetime, by: Actor, reason: str = "") -> Silence:
    """The silence, ended now; UsageError where none is meant, or it is over already."""
    silence = find_silence(store, silence_id)
    if silence.state(now) is SilenceState.EXPIRED:
        raise UsageError(f"silence {silence.silence_id} expired at {format_instant(silence.ends_at)}")
    if not str(by).strip():
        raise UsageError("nobody is named; say by whom")
    ended = _ended(silence, now)
    _note(store, ActKind.SILENCE_EXPIRE, by, replace(ended, comment=reason), now)
    write_silences(store, [ended])
    return ended


def find_silence(store: Store, beginning: str) -> Silence:
    """The silence whose id begins so; UsageError where there is none, or more than one."""
    found = find_silences(store, beginning) if beginning else []
    if len(found) != 1:
        how_many = "more than one silence's id begins" if found else "no silence's id begins"
        raise UsageError(f"{how_many} with {beginning!r}; `milepost alerts silence list --all` shows their ids")
    return found[0]


class ActiveSilences:
    """The silences that count at an instant, their matchers read.

    Those that ask for a label's exact value are found by it: thousands may each be about one object.
    """

    def __init__(self, silences: Iterable[Silence], now: datetime) -> None:
        self._by_value: dict[str, dict[str, list[_Read]]] = {}
        self._others: list[_Read] = []
        for silence in silences:
            if silence.state(now) is SilenceState.ACTIVE:
                self._keep((silence, _matchers_of(silence.matchers)))

    def muting(self, labels: Mapping[str, str]) -> list[Silence]:
        """Those that mute an alert with these labels, the one that ends first before the others."""
        asked = [*self._others]
        for name, by_value in self._by_value.items():
            asked += by_value.get(labels.get(name, ""), ())
        found = [silence for silence, matchers in asked if all(one.matches(labels) for one in matchers)]
        return sorted(found, key=lambda silence: (silence.ends_at, silence.silence_id))

    def _keep(self, read: _Read) -> None:
        exact = [matcher for matcher in read[1] if matcher.operator == "="]
        # Of one object rather than of all that its rule raises.
        first = next((one for one in exact if one.name == "object_id"), exact[0] if exact else None)
        if first is None:
            self._others.append(read)
        else:
            self._by_value.setdefault(first.name, {}).setdefault(first.value, []).append(read)


def _note(
    store: Store, kind: ActKind, by: Actor, silence: Silence, now: datetime, replaced_by: Silence | None = None
) -> None:
    """Writes down what is about to be done to a silence, as it will stand then."""
    details = {
        "matchers": list(silence.matchers),
        "starts_at": format_instant(silence.starts_at),
        "ends_at": format_instant(silence.ends_at),
        **({"replaced_by": replaced_by.silence_id} if replaced_by else {}),
    }
    write_audit(store, Act(kind, by, silence.silence_id, silence.comment, details), now)


def _checked(wish: SilenceWish, now: datetime) -> tuple[str, ...]:
    """The matchers as they are stored; UsageError for what no silence can be."""
    try:
        matchers = _matchers_of(wish.matchers)
    except ValueError as error:
        raise UsageError(f"matchers: {error}") from None
    if not matchers:
        raise UsageError("matchers: give at least one, such as alertname=OrderNotPosted")
    if all(matcher.matches({}) for matcher in matchers):
        raise UsageError("matchers: all of them match an absent label, so every alert would be muted; give another")
    if not wish.created_by.strip():
        raise UsageError("created_by is empty; say who silences")
    if not wish.comment.strip():
        raise UsageError("comment is empty; say why, for whoever asks what became of the alerts")
    if wish.ends_at <= now:
        raise UsageError(f"ends_at is {format_instant(wish.ends_at)}, which is past; give an instant to come")
    return tuple(sorted({str(matcher) for matcher in matchers}))


def _matchers_of(texts: Iterable[str]) -> tuple[Matcher, ...]:
    return tuple(matcher for text in texts for matcher in parse_matchers(text))


def _keeps_the_past(before: Silence, matchers: tuple[str, ...], starts_at: datetime, now: datetime) -> bool:
    if matchers != before.matchers:
        return False
    match before.state(now):
        case SilenceState.ACTIVE:
            return starts_at == before.starts_at
        case SilenceState.PENDING:
            return starts_at >= now
    return False


def _new(
    store: Store,
    wish: SilenceWish,
    matchers: tuple[str, ...],
    starts_at: datetime,
    before: Silence | None,
    now: datetime,
) -> tuple[Silence, bool]:
    """A silence by the wish, and whether it stands already: a request that is sent again makes no second one."""
    asked = (*matchers, str(to_micros(starts_at)), str(to_micros(wish.ends_at)), wish.created_by, wish.comment)
    number = 0
    while True:
        silence_id = xxhash.xxh3_128_hexdigest("\x00".join((*asked, str(number))).encode())
        known = find_silences(store, silence_id)
        if not known:
            break
        is_before = before is not None and known[0].silence_id == before.silence_id
        if known[0].state(now) is not SilenceState.EXPIRED and not is_before:
            return known[0], True
        # The same was asked for before, and has ended since.
        number += 1
    return Silence(
        silence_id=silence_id,
        matchers=matchers,
        starts_at=max(starts_at, now),
        ends_at=wish.ends_at,
        created_by=wish.created_by.strip(),
        comment=wish.comment.strip(),
        updated_at=now,
        version=to_micros(now),
    ), False


def _ended(silence: Silence, now: datetime) -> Silence:
    return replace(_next(silence, now), starts_at=min(silence.starts_at, now), ends_at=now)


def _next(silence: Silence, now: datetime) -> Silence:
    # A clock set back must not make the store prefer what was before.
    return replace(silence, updated_at=now, version=max(to_micros(now), silence.version + 1))
