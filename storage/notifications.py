"""Writes and reads notifications (each message and its fate) and notification_log (who was last told what)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from domain.instants import from_micros, to_micros
from storage.client import Store, encode_rows


class NotificationStatus(StrEnum):
    """The fate of a message: on its way, taken by the receiver, or given up."""

    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """One message to one integration of a receiver; `firing`, `resolved` and `extent` are as in the log."""

    notification_id: str
    receiver: str
    integration: str
    group_key: str
    group_labels: Mapping[str, str]
    reason: str
    status: NotificationStatus
    attempts: int
    error: str
    firing: tuple[str, ...]
    resolved: tuple[str, ...]
    body: str
    created_at: datetime
    updated_at: datetime
    extent: str = ""
    escalated_us: int = 0
    # In which engine's turn it was last written; what is written bears that of the store's writer.
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What an integration was last told about a group; `version` grows with every message.

    `receipt` is what the receiver gave back for the first message since the group was last quiet. `extent` is how much
    waited behind the incident then, as JSON; empty for a group that is none.
    """

    receiver: str
    integration: str
    group_key: str
    firing: tuple[str, ...]
    resolved: tuple[str, ...]
    sent_at: datetime
    version: int
    receipt: str = ""
    extent: str = ""
    escalated_us: int = 0


def write_notifications(store: Store, records: Sequence[NotificationRecord]) -> None:
    """Stores messages, each over its earlier state."""
    if records:
        store.insert("notifications", encode_rows([_row(record, store.epoch) for record in records]))


def unfinished_notifications(store: Store) -> list[NotificationRecord]:
    """The messages whose fate is not known, oldest first."""
    rows = store.rows("unfinished_notifications")
    return [
        NotificationRecord(
            **{
                **row,
                "status": NotificationStatus.SENDING,
                "firing": tuple(row["firing"]),
                "resolved": tuple(row["resolved"]),
            }
        )
        for row in rows
    ]


def write_log(store: Store, entries: Sequence[LogEntry]) -> None:
    """Stores what integrations were told, each over what they were told before about the group."""
    if entries:
        store.insert("notification_log", encode_rows([asdict(entry) for entry in entries]))


def read_log(store: Store) -> list[LogEntry]:
    """The latest entry of every group whose integration still believes an alert to be firing."""
    return [
        LogEntry(**{**row, "firing": tuple(row["firing"]), "resolved": tuple(row["resolved"])})
        for row in store.rows("notification_log_firing")
    ]


def sent_digests(store: Store) -> dict[str, tuple[datetime, datetime]]:
    """By name, when the last digest that was made was due, and through which change of alerts it tells."""
    return {
        row["digest"]: (from_micros(row["due_us"]), from_micros(row["through_us"]))
        for row in store.rows("sent_digests")
    }


def _row(record: NotificationRecord, epoch: int) -> dict[str, object]:
    # The outcome may carry the instant of the attempt: it still has to win over the row written before it.
    finished = record.status is not NotificationStatus.SENDING
    return {**asdict(record), "epoch": epoch, "version": 2 * to_micros(record.updated_at) + finished}
