"""Posts to a Slack channel: by an incoming webhook, or by an app's token, with which a message can be found again."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from alerts.config_parts import (
    HttpIntegrationConfig,
    HttpUrl,
    InlineSecret,
    Secret,
    Surroundings,
    Text,
    allow_one_of,
    optional_secret,
    require_one_of,
)
from alerts.messages.slack_buttons import slack_buttons
from alerts.messages.slack_message import MOST_ALERTS, slack_message
from alerts.messages.story import tell
from alerts.notification import FailureReason, Notification, NotifyReason
from alerts.notifiers.http_sender import Call, HttpSender, Reply
from alerts.notifiers.notifier import DeliveryError, Notifier, reading_secrets

_POST, _UPDATE = "chat.postMessage", "chat.update"
_FOLLOWING = {"ts", "thread_ts", "reply_broadcast"}
# Errors of the Web API after which the same call may succeed; all others are about the call.
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_PASSING = {
    "ratelimited": FailureReason.RATE_LIMITED,
    "rate_limited": FailureReason.RATE_LIMITED,
    "message_limit_exceeded": FailureReason.RATE_LIMITED,
    "request_timeout": FailureReason.TIMEOUT,
    "internal_error": FailureReason.SERVER_ERROR,
    "fatal_error": FailureReason.SERVER_ERROR,
    "service_unavailable": FailureReason.SERVER_ERROR,
    "team_added_to_org": FailureReason.SERVER_ERROR,
}
_UNAUTHORIZED = {
    "access_denied",
    "account_inactive",
    "invalid_auth",
    "missing_scope",
    "no_permission",
    "not_authed",
    "token_expired",
    "token_revoked",
}
# Why a message that is there no more, or may no longer be changed or replied to, is followed by a new one.
_CANNOT_FOLLOW = {
    "cannot_reply_to_message",
    "cant_update_message",
    "channel_not_found",
    "edit_window_closed",
    "is_archived",
    "message_not_found",
    "thread_not_found",
}


class _CannotFollow(DeliveryError):
    """The conversation's first message cannot be built on."""


class SlackConfig(HttpIntegrationConfig):
    """An incoming webhook (`api_url_file`) or an app (`app_token_file`) with its channel."""

    send_resolved: bool = False
    api_url: InlineSecret
    api_url_file: Path | None = None
    api_url_env: str | None = None
    app_token: InlineSecret
    app_token_file: Path | None = None
    app_token_env: str | None = None
    app_url: HttpUrl = f"https://slack.com/api/{_POST}"
    # Signs clicks on buttons: without one, messages have none, and nothing that comes is believed.
    signing_secret: InlineSecret
    signing_secret_file: Path | None = None
    signing_secret_env: str | None = None
    # Where answers to clicks may go.
    response_url: HttpUrl = "https://hooks.slack.com/"
    channel: Text | None = None
    update_message: bool = True
    username: Text | None = None
    icon_emoji: Text | None = None
    icon_url: HttpUrl | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        require_one_of(self, "api_url_file", "api_url_env", "app_token_file", "app_token_env")
        allow_one_of(self, "icon_emoji", "icon_url")
        allow_one_of(self, "signing_secret_file", "signing_secret_env")
        if self.has_token and self.channel is None:
            raise ValueError("an app can post to many channels; give channel, such as #order-to-cash")
        if self.app_url.rpartition("/")[2] != _POST:
            raise ValueError(f"app_url does not end in {_POST}; leave it out")
        return self

    @property
    def has_token(self) -> bool:
        """Whether an app's token is used, not a webhook."""
        return self.app_token_file is not None or self.app_token_env is not None

    def inbound_secret(self, environ: Mapping[str, str]) -> Secret | None:
        """Where the secret is kept that signs clicks on buttons; None where messages have no buttons."""
        return optional_secret(self.signing_secret_file, self.signing_secret_env, environ)

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return SlackNotifier(self, surroundings)


class SlackNotifier:
    """One entry of `slack_configs`.

    With a token the first message of a conversation stands for the group: later news are replies to it that the
    channel sees, and when all is over it is changed to say so. Slack knows no id by which it would drop a repeat:
    a message that was posted, but not written down before a crash, is posted a second time.
    """

    def __init__(self, config: SlackConfig, surroundings: Surroundings) -> None:
        self._config = config
        self._console_url = surroundings.console_url
        self._sender = HttpSender(config)
        if config.has_token:
            self._secret = Secret(config.app_token_file, config.app_token_env, surroundings.environ)
            self._secret.read()
        else:
            self._secret = Secret(config.api_url_file, config.api_url_env, surroundings.environ)
            self._secret.read_url()
        signing = config.inbound_secret(surroundings.environ)
        self._has_buttons = signing is not None
        if signing:
            signing.read()

    def compose(self, notification: Notification) -> str:
        story = tell(notification, self._console_url, MOST_ALERTS)
        buttons = slack_buttons(story, notification.group_labels) if self._has_buttons else []
        message = slack_message(story, buttons)
        config = self._config
        if config.has_token:
            message |= {"unfurl_links": False, "unfurl_media": False}
        fields = {"username": config.username, "icon_emoji": config.icon_emoji, "icon_url": config.icon_url}
        message |= {"channel": config.channel, **fields}
        message = {name: value for name, value in message.items() if value is not None}
        return json.dumps({**message, **self._place(notification)}, ensure_ascii=False)

    def send(self, notification: Notification, now: datetime) -> str:
        with reading_secrets():
            secret = self._secret.read() if self._config.has_token else self._secret.read_url()
        if not self._config.has_token:
            self._sender.send(Call(secret, notification.body.encode()), now)
            return ""
        message: dict[str, Any] = json.loads(notification.body)
        try:
            return self._call(_UPDATE if "ts" in message else _POST, message, secret, now)
        except _CannotFollow:
            if not message.keys() & _FOLLOWING:
                raise
            alone = {name: value for name, value in message.items() if name not in _FOLLOWING}
            return self._call(_POST, {**alone, "channel": self._config.channel}, secret, now)

    def close(self) -> None:
        self._sender.close()

    def _place(self, notification: Notification) -> Mapping[str, object]:
        """Where a message goes that is not the first of its conversation."""
        if not (self._config.has_token and self._config.update_message and notification.thread):
            return {}
        first = json.loads(notification.thread)
        if notification.reason is NotifyReason.ALL_RESOLVED:
            return {"channel": first["channel"], "ts": first["ts"]}
        return {"channel": first["channel"], "thread_ts": first["ts"], "reply_broadcast": True}

    def _call(self, method: str, message: Mapping[str, object], token: str, now: datetime) -> str:
        url = self._config.app_url.removesuffix(_POST) + method
        body = json.dumps(message, ensure_ascii=False)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}
        reply = self._sender.send(Call(url, body.encode(), headers, secrets=(token,)), now)
        return _receipt(reply)


def _receipt(reply: Reply) -> str:
    """Where Slack keeps the message; the Web API tells of most errors with status 200."""
    try:
        answer = json.loads(reply.body)
        if answer["ok"]:
            return json.dumps({"channel": answer["channel"], "ts": answer["ts"]})
        code = str(answer["error"])
    except (ValueError, KeyError, TypeError):
        raise DeliveryError(FailureReason.SERVER_ERROR, "answered 200 with what is no answer of Slack's") from None
    passing = _PASSING.get(code)
    if passing is not None:
        raise DeliveryError(passing, _said(code), retry_after=reply.retry_after)
    reason = FailureReason.UNAUTHORIZED if code in _UNAUTHORIZED else FailureReason.CLIENT_ERROR
    kind = _CannotFollow if code in _CANNOT_FOLLOW else DeliveryError
    raise kind(reason, _said(code), permanent=True)


def _said(code: str) -> str:
    # A code of Slack's is a word; anything else is not repeated.
    return f"answered {code}" if code.isidentifier() and len(code) < 60 else "answered an error"
