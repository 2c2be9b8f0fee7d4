"""What a vendor told, what becomes of it, and doing it once."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import xxhash

from alerts.notification import alert_of_entry
from domain.alert import Alert
from storage.alerts import alerts_by_ids
from storage.client import Store
from storage.inbound_actions import InboundAction, is_known_event, write_inbound_action

# So that no two deliveries of one event are both the first.
_acting = threading.Lock()
LONGEST_WHO = 180


class Outcome(StrEnum):
    """What became of a request that was believed; also what the metric says."""

    ACTED = "acted"
    REPEATED = "repeated"
    IGNORED = "ignored"
    NOTHING_STANDS = "nothing_stands"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry of a receiver that a request is for, as the notification log names it."""

    receiver: str
    integration: str


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a vendor: what somebody did, when, and by which ids the vendor knows it."""

    channel: str
    event_id: str
    kind: str
    by: str
    at: datetime
    incident_id: str = ""
    dedup_key: str = ""

    @property
    def action_id(self) -> str:
        """The same for every delivery of the event."""
        return f"{self.channel}:{xxhash.xxh3_128_hexdigest(self.event_id.encode())}"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it, on how many alerts, and that in words for whoever did it."""

    outcome: Outcome
    alerts: int = 0
    words: str = ""


def act_once(store: Store, told: Told, act: Callable[[], Done], now: datetime) -> Done:
    """What becomes of an event, unless it was told before; it is written down once it is done.

    A crash in between does it again when the vendor tells it again: actions have their own ids for that.
    """
    with _acting:
        if is_known_event(store, told.channel, told.event_id):
            return Done(Outcome.REPEATED, words="This was done before.")
        done = act()
        write_inbound_action(
            store,
            InboundAction(
                channel=told.channel,
                event_id=told.event_id,
                incident_id=told.incident_id,
                dedup_key=told.dedup_key,
                kind=told.kind,
                acted_by=told.by,
                told_at=told.at,
                outcome=done.outcome.value,
                alerts=done.alerts,
                recorded_at=now,
            ),
        )
        return done


def alerts_of(store: Store, entries: Iterable[str]) -> list[Alert]:
    """The alerts that entries of the notification log name, as they stand."""
    return alerts_by_ids(store, map(alert_of_entry, entries))


def said_by(name: str, id_: str, channel: str) -> str:
    """Who acted as the vendor tells it, such as `ana (Slack U012AB3CD)`."""
    known = " ".join(part for part in (channel, " ".join(id_.split())) if part)
    shown = " ".join(name.split())[:LONGEST_WHO].strip()
    return f"{shown} ({known})" if shown else known
