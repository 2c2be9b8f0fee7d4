"""A message about one group of alerts to one integration of a receiver, from the decision to its fate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import xxhash

from alerts.digest_table import DigestTable
from domain.alert import Alert, AlertState
from domain.incident import Incident
from storage.notifications import NotificationRecord, NotificationStatus


class NotifyReason(StrEnum):
    """Why a message is sent; also what logs, metrics and the message itself say."""

    FIRST_NOTIFICATION = "first_notification"
    NEW_ALERTS = "new_alerts"
    ALL_RESOLVED = "all_resolved"
    SOME_RESOLVED = "some_resolved"
    REPEAT_INTERVAL_ELAPSED = "repeat_interval_elapsed"
    MATERIAL_CHANGE = "material_change"
    ESCALATED = "escalated"
    SNOOZE_ENDED = "snooze_ended"
    DIGEST = "digest"


# How long messages are tried that no next flush follows: nobody reads the morning's table in the evening.
PATIENCE: Mapping[str, timedelta] = {NotifyReason.DIGEST: timedelta(hours=6)}


class FailureReason(StrEnum):
    """Why a try failed, in words few enough for metrics."""

    CLIENT_ERROR = "client_error"
    UNAUTHORIZED = "unauthorized"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    REDIRECTED = "redirected"
    UNEXPECTED_ANSWER = "unexpected_answer"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    CONFIGURATION = "configuration"
    RECEIVER_REMOVED = "receiver_removed"
    SUPERSEDED = "superseded"
    UNFORESEEN = "unforeseen"


class Conversation(NamedTuple):
    """One group at one integration: what it was told follows on from what it was told before."""

    receiver: str
    integration: str
    group_key: str


@dataclass(frozen=True, slots=True)
class StepReached:
    """Which step of which policy was reached last; rounds and steps are counted from 1."""

    policy: str
    round: int
    step: int


@dataclass(frozen=True, slots=True)
class Notification:
    """What is to be told, and how far the telling got.

    `firing` and `resolved` are the entries the notification log keeps. `alerts` is what the body is made
    from, empty when nothing needs saying and after a restart, when the stored body is sent again. `thread` is the
    receipt of the conversation's first message, empty in that message; `receipt` is what this one was given.
    `muted` are the alerts of the group that are left out, by id. Of a group that is an incident, `incident` is what
    waits behind it in all, and `extent` how much of that this conversation hears of, as the log keeps it.
    `escalated_us` names the escalation step that the receiver is to know of, by the instant at which it was reached,
    and `escalation` says which the group reached last; `is_step` is so where such a step made it a receiver.
    `snoozed_until` is when the last snooze ended of those that are over.
    """

    conversation: Conversation
    group_labels: Mapping[str, str]
    firing: tuple[str, ...]
    resolved: tuple[str, ...]
    created_at: datetime
    deadline: datetime
    repeat_interval: timedelta = timedelta(0)
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    muted: frozenset[str] = frozenset()
    escalated_us: int = 0
    escalation: StepReached | None = None
    is_step: bool = False
    snoozed_until: datetime | None = None
    digest: DigestTable | None = None
    alerts: tuple[Alert, ...] = ()
    incident_id: str = ""
    incident: Incident | None = None
    extent: str = ""
    reason: NotifyReason | None = None
    notification_id: str = ""
    thread: str = ""
    body: str = field(default="", repr=False)
    receipt: str = ""
    status: NotificationStatus = NotificationStatus.SENDING
    attempts: int = 0
    error: str = ""
    failure: FailureReason | None = None
    retry_at: datetime | None = None

    @property
    def untold(self) -> frozenset[str]:
        """The alerts of the group that this notification leaves for a later one: those muted, an incident's ends."""
        if self.incident_id and self.reason is None:
            return self.muted | frozenset(self.resolved)
        return self.muted


# So many alerts of an incident are told one by one, and looked up; of the others only the totals, which are exact.
MOST_TOLD_OF_INCIDENT = 100


def is_resolved(alert: Alert) -> bool:
    """Whether receivers are to hear that an alert is over; one that was wrong is over, too."""
    return alert.state in (AlertState.RESOLVED, AlertState.RETRACTED)


def firing_entry(alert: Alert) -> str:
    """The log's entry for a firing alert: with its severity, since a worse one is a reason to tell again."""
    return f"{alert.alert_id}:{alert.severity}"


def alert_of_entry(entry: str) -> str:
    """The alert_id in a log's entry for a firing alert."""
    return entry.partition(":")[0]


def alert_labels(alert: Alert) -> dict[str, str]:
    """The labels that routes match and receivers see; an empty one counts as absent, as in Alertmanager."""
    labels = {
        **alert.labels,
        "alertname": alert.name,
        "severity": alert.severity,
        "object_type": alert.business_object.type,
        "object_id": alert.business_object.id,
    }
    if alert.currency:
        labels["currency"] = alert.currency
    return {name: value for name, value in labels.items() if value}


def in_telling_order(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Firing before resolved, the longest overdue first: what a limit on their number should keep."""
    return tuple(sorted(alerts, key=lambda one: (is_resolved(one), one.fired_at or one.deadline_at, one.alert_id)))


def in_detail(notification: Notification) -> tuple[Sequence[Alert], Sequence[Alert]]:
    """The alerts that messages tell one by one, and the others: of an incident there may be very many."""
    most = MOST_TOLD_OF_INCIDENT if notification.incident_id else len(notification.alerts)
    return notification.alerts[:most], notification.alerts[most:]


def notification_id(
    conversation: Conversation, alerts: Sequence[Alert], log_version: int, escalated_us: int = 0
) -> str:
    """The same for every try at one message and another for the next message.

    A repeat differs by the log's version, an alert that fires again by its own version; so a message that
    was given up, and perhaps had arrived, comes again under its first id for the receiver to drop.
    """
    versions = sorted(f"{one.alert_id}:{one.severity}:{one.state}:{one.version}" for one in alerts)
    step = [f"escalated:{escalated_us}"] if escalated_us else []
    parts = [*conversation, str(log_version), *step, *versions]
    return xxhash.xxh3_128_hexdigest("\x00".join(parts).encode())


def to_record(notification: Notification, now: datetime) -> NotificationRecord:
    """The row that stands for a notification in the store."""
    return NotificationRecord(
        notification_id=notification.notification_id,
        receiver=notification.conversation.receiver,
        integration=notification.conversation.integration,
        group_key=notification.conversation.group_key,
        group_labels=notification.group_labels,
        reason=notification.reason or "",
        status=notification.status,
        attempts=notification.attempts,
        error=notification.error,
        firing=notification.firing,
        resolved=notification.resolved,
        body=notification.body,
        escalated_us=notification.escalated_us,
        created_at=notification.created_at,
        # A clock set back since it was stored as on its way must not make the store prefer that.
        updated_at=max(now, notification.created_at),
        extent=notification.extent,
    )


def from_record(record: NotificationRecord, deadline: datetime) -> Notification:
    """The unfinished notification that a row stands for, to be tried until `deadline`; a digest has its own."""
    patience = PATIENCE.get(record.reason)
    if patience is not None:
        deadline = max(deadline, record.created_at + patience)
    return Notification(
        conversation=Conversation(record.receiver, record.integration, record.group_key),
        group_labels=record.group_labels,
        firing=record.firing,
        resolved=record.resolved,
        created_at=record.created_at,
        deadline=deadline,
        reason=NotifyReason(record.reason),
        notification_id=record.notification_id,
        body=record.body,
        escalated_us=record.escalated_us,
        attempts=record.attempts,
        extent=record.extent,
    )
