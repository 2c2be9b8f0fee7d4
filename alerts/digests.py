"""Makes the digests that are due, each once however often the process restarts, and says what one would tell."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import xxhash

from alerts.digest_table import DigestTable, digest_lines, digest_totals
from alerts.escalation_config import DigestConfig
from alerts.local_times import first_instant, wall_time
from alerts.muting import Routing
from alerts.notification import PATIENCE, Conversation, Notification, NotifyReason, alert_labels
from alerts.time_intervals import TimeIntervalConfig
from domain.errors import UsageError
from domain.instants import to_micros
from storage.alerts import alerts_recorded_by, last_recorded
from storage.client import Store
from storage.notifications import sent_digests

logger = logging.getLogger(__name__)
# How far back a digest is looked for that was missed.
_LOOK_BACK = timedelta(days=62)
_DAY = timedelta(days=1)


class Teller(Protocol):
    """What sends digests: the dispatcher."""

    def integrations_of(self, receiver: str) -> list[str]: ...
    def tell(self, notifications: list[Notification], now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A digest that was made: when it was due, and through which change of alerts it tells."""

    due_at: datetime
    through: datetime


class Digests:
    """Called at every tick, after rules were evaluated.

    The messages of a digest are stored in one insert before any is sent, and are what a restart knows it by: it is
    stored whole or not at all, and what was not sent is taken up as every message is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: dict[str, Made] | None = None

    def run(self, routing: Routing, teller: Teller, now: datetime) -> None:
        """Makes what is due and not yet made; a StoreError leaves it to the next tick."""
        if not routing.digests:
            return
        if self._made is None:
            self._made = _made(self._store)
        for config in routing.digests:
            made = self._made.get(config.name)
            found = newest_due(config, routing.time_intervals or {}, made.due_at if made else None, now)
            if found is None:
                continue
            due_at, missed = found
            table = _table(self._store, config, made, due_at, missed, now)
            teller.tell(list(_messages(config, table, teller, now)), now)
            self._made[config.name] = Made(due_at, table.through)
            logger.info("digest %s of %s is made: %d open", config.name, due_at, table.open)


def digest_at(store: Store, routing: Routing, name: str, at: datetime) -> tuple[DigestConfig, DigestTable]:
    """What a digest would tell that were made at an instant; UsageError where there is none of that name."""
    config = next((one for one in routing.digests if one.name == name), None)
    if config is None:
        defined = ", ".join(sorted(one.name for one in routing.digests)) or "none"
        raise UsageError(f'digest "{name}" is not in the routing file; defined there: {defined}')
    made = _made(store).get(name)
    if made is not None and made.due_at > at:
        made = None
    found = newest_due(config, routing.time_intervals or {}, made.due_at if made else None, at)
    due_at, missed = found or (at, 0)
    return config, _table(store, config, made, due_at, missed, at)


def newest_due(
    config: DigestConfig, intervals: Mapping[str, TimeIntervalConfig], after: datetime | None, now: datetime
) -> tuple[datetime, int] | None:
    """The last instant by now, and after another, at which a digest was due, and how many there were between the two.

    One that was never made before was missed by nobody.
    """
    dues = list(_dues(config, intervals, max(after or now - _LOOK_BACK, now - _LOOK_BACK), now))
    return (dues[-1], len(dues) - 1 if after else 0) if dues else None


def _dues(
    config: DigestConfig, intervals: Mapping[str, TimeIntervalConfig], after: datetime, now: datetime
) -> Iterator[datetime]:
    zone = ZoneInfo(config.time_zone)
    day = wall_time(after, zone).replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
    while day <= wall_time(now, zone) + _DAY:
        due_at = first_instant(day + timedelta(minutes=config.at), zone)
        names = config.active_time_intervals
        if after < due_at <= now and (not names or any(intervals[name].contains(due_at) for name in names)):
            yield due_at
        day += _DAY


def _table(
    store: Store, config: DigestConfig, made: Made | None, due_at: datetime, missed: int, now: datetime
) -> DigestTable:
    # Not now: a tick may be recorded later that was evaluated earlier, and the next digest goes on from here.
    since = made.through if made else due_at - _DAY
    through = max(last_recorded(store, now), since)
    matchers = config.all_matchers
    alerts = [
        alert
        for alert in alerts_recorded_by(store, since, through)
        if all(matcher.matches(alert_labels(alert)) for matcher in matchers)
    ]
    lines, totals = digest_lines(alerts), digest_totals(alerts)
    return DigestTable(config.name, due_at, since, through, missed, lines, totals)


def _messages(config: DigestConfig, table: DigestTable, teller: Teller, now: datetime) -> Iterator[Notification]:
    tables = table.sections() if config.messages == "per_legal_entity" else (table,)
    due_us, through_us = to_micros(table.due_at), to_micros(table.through)
    for receiver in config.receivers:
        for integration in teller.integrations_of(receiver):
            for one in tables:
                key = f"digest:{config.name}:{due_us}:{one.section}"
                labels = {"digest": config.name, "due_us": str(due_us), "through_us": str(through_us)}
                yield Notification(
                    conversation=Conversation(receiver, integration, key),
                    group_labels={**labels, "legal_entity": one.section} if one.section else labels,
                    firing=(),
                    resolved=(),
                    created_at=now,
                    deadline=now + PATIENCE[NotifyReason.DIGEST],
                    reason=NotifyReason.DIGEST,
                    notification_id=xxhash.xxh3_128_hexdigest("\x00".join((receiver, integration, key)).encode()),
                    digest=one,
                )


def _made(store: Store) -> dict[str, Made]:
    return {name: Made(*times) for name, times in sent_digests(store).items()}
