"""What vendors told of what people did there, in the store."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from storage.client import Store, encode_rows


@dataclass(frozen=True, slots=True)
class InboundAction:
    """An event of a vendor and what became of it here."""

    channel: str
    event_id: str
    incident_id: str
    dedup_key: str
    kind: str
    acted_by: str
    told_at: datetime
    outcome: str
    alerts: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ToldGroup:
    """The group that a message was about and the entries of alerts in it, as the notification log keeps them."""

    group_labels: Mapping[str, str]
    firing: tuple[str, ...]
    resolved: tuple[str, ...]


def is_known_event(store: Store, channel: str, event_id: str) -> bool:
    """Whether an event was told before, and is done with."""
    return bool(store.rows("inbound_action", {"channel": channel, "event_id": event_id}))


def write_inbound_action(store: Store, action: InboundAction) -> None:
    """Stores what became of an event; returns once it is on disk."""
    store.insert("inbound_actions", encode_rows([asdict(action)]))


def dedup_key_of(store: Store, channel: str, incident_id: str) -> str:
    """The dedup key of a vendor's incident; empty where no event has told it."""
    rows = store.rows("inbound_dedup_key", {"channel": channel, "incident_id": incident_id})
    return str(rows[0]["dedup_key"]) if rows else ""


def told_notification(
    store: Store, integrations: Collection[tuple[str, str]], notification_id: str
) -> ToldGroup | None:
    """What a message told to one of these integrations (receiver, integration) was about; None where none was."""
    params = {"integrations": sorted(integrations), "notification_id": notification_id}
    rows = store.rows("told_notification", params)
    if not rows:
        return None
    return ToldGroup(rows[0]["group_labels"], tuple(rows[0]["firing"]), tuple(rows[0]["resolved"]))
