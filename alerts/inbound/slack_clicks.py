"""Clicks on the buttons under Slack messages.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import msgspec

from alerts.handling import Deed, handle_all
from alerts.inbound.listeners import Listener
from alerts.inbound.signatures import NotBelieved, SignatureFault, believed, require_recent, signed_by_slack
from alerts.inbound.told import Done, Entry, Outcome, Told, act_once, alerts_of, said_by
from alerts.messages.slack_buttons import SILENCE_LENGTH, SlackButton, silence_matchers
from alerts.messages.slack_message import escape
from alerts.notifiers.http_sender import Call, HttpSender
from alerts.notifiers.notifier import DeliveryError
from alerts.notifiers.slack import SlackConfig
from alerts.silences import SilenceWish, put_silence
from domain.alert_action import ActionKind, Mark
from domain.audit import Actor
from domain.errors import InputError, UsageError
from storage.client import Store
from storage.inbound_actions import ToldGroup, told_notification

CHANNEL = "slack"
log = logging.getLogger("milepost.actions")
_DEEDS = {
    SlackButton.ACKNOWLEDGE: (ActionKind.ACKNOWLEDGE, "", "Acknowledged"),
    SlackButton.USEFUL: (ActionKind.MARK, Mark.USEFUL.value, "Marked useful"),
    SlackButton.NOISE: (ActionKind.MARK, Mark.NOISE.value, "Marked as noise"),
}


class User(msgspec.Struct, frozen=True):
    """Who clicked."""

    id: str
    username: str = ""
    name: str = ""


class Place(msgspec.Struct, frozen=True):
    """A workspace or a channel."""

    id: str = ""


class Click(msgspec.Struct, frozen=True):
    """The button; `value` is the id of the message it stands under."""

    action_id: str
    action_ts: str
    value: str = ""


class Interaction(msgspec.Struct, frozen=True):
    """The payload of a request."""

    type: str
    user: User
    actions: list[Click] = []
    team: Place | None = None
    channel: Place | None = None
    response_url: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a click, and where to tell it: by `config` to an address of Slack's, else in the answer."""

    done: Done
    response_url: str = ""
    config: SlackConfig | None = None


_decoder = msgspec.json.Decoder(Interaction)


def take_slack(
    store: Store, listening: Sequence[Listener], timestamp: str, signature: str, body: bytes, now: datetime
) -> Reply:
    """What becomes of a click; NotBelieved where its sender is not proven, InputError where it cannot be read."""
    if not timestamp or not signature:
        raise NotBelieved(SignatureFault.MISSING)
    require_recent(timestamp, now)
    places = believed([signed_by_slack(signature, timestamp, body, one.secret.read()) for one in listening])
    trusted = [listening[place] for place in places]
    interaction = _read(body)
    if interaction is None or interaction.type != "block_actions" or not interaction.actions:
        return Reply(Done(Outcome.IGNORED))
    click = interaction.actions[0]
    if click.action_id not in list(SlackButton):
        return Reply(Done(Outcome.IGNORED))
    where = [place.id for place in (interaction.team, interaction.channel) if place]
    told = Told(
        CHANNEL,
        event_id="/".join((*where, interaction.user.id, click.action_ts, click.action_id)),
        kind=click.action_id,
        by=said_by(interaction.user.name or interaction.user.username, interaction.user.id, "Slack"),
        at=now,
    )
    entries = {one.entry for one in trusted}
    done = act_once(store, told, lambda: _act(store, told, click, entries, now), now)
    configs = (one.config for one in trusted if isinstance(one.config, SlackConfig))
    config = next((one for one in configs if _is_of(one, interaction.response_url)), None)
    return Reply(done, interaction.response_url, config)


def answer_click(reply: Reply, now: datetime) -> None:
    """Tells whoever clicked, and nobody else, what became of it; that it cannot be told changes nothing."""
    if reply.config is None:
        return
    message = {"response_type": "ephemeral", "replace_original": False, "text": escape(reply.done.words)}
    sender = HttpSender(reply.config)
    try:
        sender.send(Call(reply.response_url, json.dumps(message).encode()), now)
    except DeliveryError as error:
        log.warning("a click in Slack was done, and its answer not delivered: %s", error)
    finally:
        sender.close()


def _read(body: bytes) -> Interaction | None:
    """The interaction in a form; None for a form without one, as Slack sends to see whether somebody is there."""
    try:
        payloads = parse_qs(body.decode(), max_num_fields=20).get("payload")
        return _decoder.decode(payloads[0]) if payloads else None
    except (ValueError, msgspec.DecodeError) as error:
        raise InputError("not_slack", f"not an interaction of Slack: {error}") from None


def _act(store: Store, told: Told, click: Click, entries: Collection[Entry], now: datetime) -> Done:
    integrations = [(entry.receiver, entry.integration) for entry in entries]
    group = told_notification(store, integrations, click.value)
    if group is None:
        return Done(Outcome.NOTHING_STANDS, words="Milepost does not know this message.")
    button = SlackButton(click.action_id)
    if button is SlackButton.SILENCE:
        return _silence(store, told, group, now)
    kind, value, words = _DEEDS[button]
    named = group.firing if kind is ActionKind.ACKNOWLEDGE else (*group.firing, *group.resolved)
    deed = Deed(kind, value, action_id=told.action_id, channel=CHANNEL)
    done = handle_all(store, alerts_of(store, named), deed, Actor(told.by), now)
    if not done:
        return Done(Outcome.NOTHING_STANDS, words="There is nothing left to do: the alerts of this message are over.")
    return Done(Outcome.ACTED, len(done), f"{words}: {_named(len(done))}, by {told.by}.")


def _silence(store: Store, told: Told, group: ToldGroup, now: datetime) -> Done:
    matchers = silence_matchers(group.group_labels)
    if not matchers:
        return Done(Outcome.IGNORED, words="This group has no labels to silence by.")
    wish = SilenceWish(matchers, now + SILENCE_LENGTH, told.by, "silenced by a button in Slack")
    try:
        silence = put_silence(store, wish, now)
    except UsageError as error:
        return Done(Outcome.IGNORED, words=f"Not silenced: {error}.")
    shown = ", ".join(matchers)
    words = f"Silenced for an hour: alerts with {shown}. To end it: milepost alerts silence expire "
    return Done(Outcome.ACTED, len(group.firing), words + silence.silence_id[:8])


def _named(alerts: int) -> str:
    return "1 alert" if alerts == 1 else f"{alerts} alerts"


def _is_of(config: SlackConfig, address: str) -> bool:
    """Whether an address is on the host where the entry's answers go."""
    try:
        asked, known = urlsplit(address), urlsplit(config.response_url)
        return (asked.scheme, asked.netloc) == (known.scheme, known.netloc)
    except ValueError:
        return False
