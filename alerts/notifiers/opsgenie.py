"""Opens and closes alerts in Opsgenie or Jira Service Management, one for each group."""

import json
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from alerts.config_parts import (
    HttpIntegrationConfig,
    HttpUrl,
    InlineSecret,
    Secret,
    Surroundings,
    Text,
    require_one_of,
)
from alerts.messages.opsgenie_calls import MOST_ALERTS, closing_calls, opening_calls, tags
from alerts.messages.pagerduty_event import dedup_key
from alerts.messages.story import tell
from alerts.notification import Notification
from alerts.notifiers.http_sender import Call, HttpSender
from alerts.notifiers.notifier import Notifier, reading_secrets
from domain.config_file import ConfigModel


class ResponderConfig(ConfigModel):
    """Whom Opsgenie should tell."""

    id: Text | None = None
    name: Text | None = None
    username: Text | None = None
    type: Literal["team", "user", "escalation", "schedule"]

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        require_one_of(self, "id", "name", "username")
        return self


class OpsgenieConfig(HttpIntegrationConfig):
    """The key of an API integration; the other fields are those of an alert, given once for all."""

    api_key: InlineSecret
    api_key_file: Path | None = None
    api_key_env: str | None = None
    api_url: HttpUrl = "https://api.opsgenie.com/"
    responders: tuple[ResponderConfig, ...] = ()
    tags: Text | None = None
    priority: Literal["P1", "P2", "P3", "P4", "P5"] | None = None
    entity: Text | None = None
    update_alerts: bool = False

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        require_one_of(self, "api_key_file", "api_key_env")
        return self

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return OpsgenieNotifier(self, surroundings)


class OpsgenieNotifier:
    """One entry of `opsgenie_configs`; a repeat is counted by the open alert and calls nobody a second time."""

    def __init__(self, config: OpsgenieConfig, surroundings: Surroundings) -> None:
        self._config = config
        self._console_url = surroundings.console_url
        self._key = Secret(config.api_key_file, config.api_key_env, surroundings.environ)
        self._key.read()
        self._sender = HttpSender(config)
        self._look: dict[str, object] = {
            "responders": [one.model_dump(exclude_none=True) for one in config.responders],
            "tags": tags((config.tags or "").split(",")),
            "priority": config.priority,
            "entity": config.entity,
        }
        self._look = {name: value for name, value in self._look.items() if value}

    def compose(self, notification: Notification) -> str:
        alias = dedup_key(notification.conversation.group_key)
        story = tell(notification, self._console_url, MOST_ALERTS)
        if story.is_over:
            calls = closing_calls(story, alias)
        else:
            calls = opening_calls(story, alias, self._look, update=self._config.update_alerts)
        return json.dumps(calls, ensure_ascii=False)

    def send(self, notification: Notification, now: datetime) -> str:
        # After a failure all calls are made again: each says what is to be, so that changes nothing.
        with reading_secrets():
            key = self._key.read()
        for one in json.loads(notification.body):
            url = f"{self._config.api_url.rstrip('/')}/{one['path']}"
            body = json.dumps(one["json"], ensure_ascii=False).encode()
            headers = {"Authorization": f"GenieKey {key}"}
            self._sender.send(Call(url, body, headers, secrets=(key,), method=one["method"]), now)
        return ""

    def close(self) -> None:
        self._sender.close()
