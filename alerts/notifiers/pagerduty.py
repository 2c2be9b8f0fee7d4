"""Opens, acknowledges and resolves incidents in PagerDuty, one for each group."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

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
from alerts.messages.pagerduty_event import MOST_ALERTS, closing_event, dedup_key, trigger_event
from alerts.messages.story import tell
from alerts.notification import Notification, is_resolved
from alerts.notifiers.http_sender import Call, HttpSender
from alerts.notifiers.notifier import Notifier, reading_secrets


class PagerDutyConfig(HttpIntegrationConfig):
    """The integration key of a service; the other fields are those of an event, given once for all."""

    routing_key: InlineSecret
    routing_key_file: Path | None = None
    routing_key_env: str | None = None
    # Signs what PagerDuty tells back: without one, nothing that comes is believed.
    webhook_secret: InlineSecret
    webhook_secret_file: Path | None = None
    webhook_secret_env: str | None = None
    url: HttpUrl = "https://events.pagerduty.com/v2/enqueue"
    severity: Literal["critical", "error", "warning", "info"] = "error"
    source: Text | None = None
    component: Text | None = None
    group: Text | None = None
    class_: Text | None = Field(default=None, alias="class")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        require_one_of(self, "routing_key_file", "routing_key_env")
        allow_one_of(self, "webhook_secret_file", "webhook_secret_env")
        return self

    def inbound_secret(self, environ: Mapping[str, str]) -> Secret | None:
        """Where the secret is kept that signs what PagerDuty tells back; None where it is to tell nothing."""
        return optional_secret(self.webhook_secret_file, self.webhook_secret_env, environ)

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return PagerDutyNotifier(self, surroundings)


class PagerDutyNotifier:
    """One entry of `pagerduty_configs`; a repeat adds to the open incident and calls nobody a second time."""

    def __init__(self, config: PagerDutyConfig, surroundings: Surroundings) -> None:
        self._config = config
        self._console_url = surroundings.console_url
        self._key = Secret(config.routing_key_file, config.routing_key_env, surroundings.environ)
        self._key.read()
        if secret := config.inbound_secret(surroundings.environ):
            secret.read()
        self._sender = HttpSender(config)
        given = {"source": config.source, "component": config.component, "group": config.group, "class": config.class_}
        self._look = {name: value for name, value in given.items() if value is not None}

    def compose(self, notification: Notification) -> str:
        key = dedup_key(notification.conversation.group_key)
        if all(map(is_resolved, notification.alerts)):
            return closing_event("resolve", key)
        return trigger_event(tell(notification, self._console_url, MOST_ALERTS), key, self._look, self._config.severity)

    def send(self, notification: Notification, now: datetime) -> str:
        self._send(notification.body, now)
        return ""

    def acknowledge(self, group_key: str, now: datetime) -> None:
        """Tells PagerDuty that somebody sees to a group's incident; raises DeliveryError as `send` does."""
        self._send(closing_event("acknowledge", dedup_key(group_key)), now)

    def close(self) -> None:
        self._sender.close()

    def _send(self, event: str, now: datetime) -> None:
        # The key is put in here only: what is composed is stored, and secrets are not.
        with reading_secrets():
            key = self._key.read()
        body = json.dumps({"routing_key": key, **json.loads(event)}, ensure_ascii=False)
        self._sender.send(Call(self._config.url, body.encode(), secrets=(key,)), now)
