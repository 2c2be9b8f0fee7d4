"""Posts to a Microsoft Teams channel through a workflow that takes webhook requests."""

from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import model_validator

from alerts.config_parts import HttpIntegrationConfig, InlineSecret, Secret, Surroundings, require_one_of
from alerts.messages.story import tell
from alerts.messages.teams_card import MOST_ALERTS, teams_message
from alerts.notification import Notification
from alerts.notifiers.http_sender import Call, HttpSender
from alerts.notifiers.notifier import Notifier, reading_secrets


class TeamsConfig(HttpIntegrationConfig):
    """The address of a workflow, which is its password."""

    webhook_url: InlineSecret
    webhook_url_file: Path | None = None
    webhook_url_env: str | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        require_one_of(self, "webhook_url_file", "webhook_url_env")
        return self

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return TeamsNotifier(self, surroundings)


class TeamsNotifier:
    """One entry of `msteamsv2_configs`; a workflow only ever adds messages, and drops no repeat."""

    def __init__(self, config: TeamsConfig, surroundings: Surroundings) -> None:
        self._console_url = surroundings.console_url
        self._url = Secret(config.webhook_url_file, config.webhook_url_env, surroundings.environ)
        self._url.read_url()
        self._sender = HttpSender(config)

    def compose(self, notification: Notification) -> str:
        return teams_message(tell(notification, self._console_url, MOST_ALERTS))

    def send(self, notification: Notification, now: datetime) -> str:
        with reading_secrets():
            url = self._url.read_url()
        self._sender.send(Call(url, notification.body.encode()), now)
        return ""

    def close(self) -> None:
        self._sender.close()
