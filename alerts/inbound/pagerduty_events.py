"""PagerDuty's v3 webhooks: an incident that somebody took, gave back, handed on or wrote a note on.

https://developer.pagerduty.com/docs/webhooks-overview
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from alerts.handling import LONGEST_COMMENT, LONGEST_NAME, Deed, handle_all
from alerts.inbound.listeners import Listener
from alerts.inbound.signatures import NotBelieved, SignatureFault, believed, signed_by_pagerduty
from alerts.inbound.told import Done, Entry, Outcome, Told, act_once, alerts_of, said_by
from alerts.messages.pagerduty_event import dedup_key
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.errors import InputError
from domain.instants import parse_storable_instant
from storage.client import Store
from storage.inbound_actions import dedup_key_of
from storage.notifications import read_log

CHANNEL = "pagerduty"
# PagerDuty signs no time but the event's own in the body, and gives up after tries over some 20 minutes.
OLDEST = timedelta(hours=24)
_USER = "user_reference"


class Reference(msgspec.Struct, frozen=True):
    """Somebody or something, by PagerDuty's id and its name."""

    id: str = ""
    summary: str | None = None
    type: str = ""

    @property
    def who(self) -> str:
        """As it is written down."""
        return said_by(self.summary or "", self.id, "PagerDuty")


class Data(msgspec.Struct, frozen=True):
    """The incident, or the note on one."""

    id: str = ""
    type: str = ""
    incident_key: str | None = None
    assignees: list[Reference] = []
    incident: Reference | None = None
    content: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One event; `agent` is None where nobody did it, such as when an acknowledgement timed out."""

    id: str
    event_type: str
    occurred_at: str
    agent: Reference | None = None
    data: Data = Data()


class Webhook(msgspec.Struct, frozen=True):
    """The body of a request."""

    event: Event


_decoder = msgspec.json.Decoder(Webhook)


def take_pagerduty(store: Store, listening: Sequence[Listener], header: str, body: bytes, now: datetime) -> Done:
    """What becomes of a webhook; NotBelieved where its sender is not proven, InputError where it cannot be read."""
    if not header:
        raise NotBelieved(SignatureFault.MISSING)
    places = believed([signed_by_pagerduty(header, body, one.secret.read()) for one in listening])
    entries = {listening[place].entry for place in places}
    try:
        event = _decoder.decode(body).event
        at = parse_storable_instant(event.occurred_at)
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError("not_pagerduty", f"not a v3 webhook of PagerDuty: {error}") from None
    if now - at > OLDEST:
        raise NotBelieved(SignatureFault.TOO_OLD)
    told = _told(store, event, at)
    return act_once(store, told, lambda: _act(store, event, told, entries, now), now)


def _told(store: Store, event: Event, at: datetime) -> Told:
    data = event.data
    incident_id = data.incident.id if data.incident else data.id
    # A note names the incident by PagerDuty's id alone.
    key = data.incident_key or (dedup_key_of(store, CHANNEL, incident_id) if incident_id else "")
    by = event.agent.who if event.agent else "PagerDuty"
    return Told(CHANNEL, event.id, event.event_type, by, at, incident_id, key)


def _act(store: Store, event: Event, told: Told, entries: Collection[Entry], now: datetime) -> Done:
    deed = _deed(event, told)
    if deed is None:
        return Done(Outcome.IGNORED)
    firing = _firing(store, told.dedup_key, entries)
    done = handle_all(store, alerts_of(store, firing), deed, Actor(told.by), now)
    return Done(Outcome.ACTED, len(done)) if done else Done(Outcome.NOTHING_STANDS)


def _deed(event: Event, told: Told) -> Deed | None:
    """What is to be done; None where the event asks for nothing here."""
    data, agent = event.data, event.agent

    def deed(kind: ActionKind, value: str = "", comment: str = "") -> Deed:
        return Deed(kind, value[:LONGEST_NAME], comment[:LONGEST_COMMENT], told.action_id, CHANNEL)

    match event.event_type:
        case "incident.acknowledged":
            return deed(ActionKind.ACKNOWLEDGE)
        case "incident.unacknowledged":
            return deed(ActionKind.UNACKNOWLEDGE, comment="" if agent else "the acknowledgement timed out in PagerDuty")
        case "incident.reassigned" if data.assignees:
            return deed(ActionKind.ASSIGN, ", ".join(one.who for one in data.assignees))
        case "incident.annotated" if data.content and data.content.strip():
            return deed(ActionKind.COMMENT, comment=data.content)
        case "incident.resolved" if agent and agent.type == _USER:
            # Whether an alert is over is for its rule to say. What Milepost itself ended has no user.
            return deed(ActionKind.COMMENT, comment="resolved in PagerDuty; the alert stands until its rule is met")
    return None


def _firing(store: Store, key: str, entries: Collection[Entry]) -> list[str]:
    """What these entries were told to fire in the group that has this dedup key."""
    if not key:
        return []
    return [
        entry
        for group in read_log(store)
        if Entry(group.receiver, group.integration) in entries and dedup_key(group.group_key) == key
        for entry in group.firing
    ]
