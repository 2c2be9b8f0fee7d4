"""What each integration was last told about each group: in memory to decide, in the store to outlive us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.extent import Extent
from alerts.notification import Conversation, Notification, alert_of_entry
from domain.instants import to_micros
from storage.client import Store
from storage.notifications import LogEntry, read_log, write_log


@dataclass(frozen=True, slots=True)
class Told:
    """The latest message of a conversation: its entries, the alerts it called firing, when, and its number.

    `receipt` is that of the conversation's first message, `extent` is how much waited behind the incident,
    `escalated_us` the last escalation step that was told.
    """

    firing: frozenset[str]
    resolved: frozenset[str]
    alert_ids: frozenset[str]
    sent_at: datetime
    version: int
    receipt: str = ""
    extent: Extent | None = None
    escalated_us: int = 0


class NotificationLog:
    """Conversations in which something is believed firing; others are as if they had never been.

    One process owns dispatch, so memory and store cannot drift apart. Only who has a conversation's message
    in hand writes its entry, and there is one at a time, so program threads do not meet on an entry.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: dict[Conversation, Told] = {}
        for entry in read_log(store):
            self._remember(entry)

    def told(self, conversation: Conversation) -> Told | None:
        """The latest message of a conversation, None when nothing in it is believed firing."""
        return self._told.get(conversation)

    def believes_firing(self, conversation: Conversation, alert_id: str) -> bool:
        """Whether the integration was last told that an alert is firing."""
        told = self._told.get(conversation)
        return told is not None and alert_id in told.alert_ids

    def record(self, notifications: Sequence[Notification], now: datetime) -> None:
        """Remembers what these notifications told."""
        entries = [self._entry(notification, now) for notification in notifications]
        write_log(self._store, entries)
        for entry in entries:
            self._remember(entry)

    def _entry(self, notification: Notification, now: datetime) -> LogEntry:
        conversation = notification.conversation
        told = self._told.get(conversation)
        # A clock set back must not make the store prefer the older entry.
        version = max(to_micros(now), told.version + 1 if told else 0)
        receipt = (told and told.receipt) or notification.receipt
        firing, resolved = notification.firing, notification.resolved
        step = max(notification.escalated_us, told.escalated_us if told else 0)
        return LogEntry(*conversation, firing, resolved, now, version, receipt, notification.extent, step)

    def _remember(self, entry: LogEntry) -> None:
        conversation = Conversation(entry.receiver, entry.integration, entry.group_key)
        if not entry.firing:
            self._told.pop(conversation, None)
            return
        self._told[conversation] = Told(
            firing=frozenset(entry.firing),
            resolved=frozenset(entry.resolved),
            alert_ids=frozenset(map(alert_of_entry, entry.firing)),
            sent_at=entry.sent_at,
            version=entry.version,
            receipt=entry.receipt,
            extent=Extent.read(entry.extent),
            escalated_us=entry.escalated_us,
        )
