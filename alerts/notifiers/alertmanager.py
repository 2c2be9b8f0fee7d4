"""Hands alerts to a Prometheus Alertmanager, over its API v2; each of a cluster's members is an entry of its own."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import model_validator

from alerts.config_parts import HttpIntegrationConfig, HttpUrl, InlineSecret, Secret, Surroundings, allow_one_of
from alerts.messages.story import trace_url
from alerts.messages.text_limits import clean
from alerts.notification import Notification, alert_labels, is_resolved
from alerts.notifiers.http_sender import Call, HttpSender
from alerts.notifiers.notifier import Notifier, reading_secrets
from domain.alert import Alert
from domain.instants import format_instant

_PATH = "/api/v2/alerts"


class AlertmanagerConfig(HttpIntegrationConfig):
    """The address of an Alertmanager as its users know it, with a token where it is behind a door."""

    url: HttpUrl
    token: InlineSecret
    token_file: Path | None = None
    token_env: str | None = None

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        allow_one_of(self, "token_file", "token_env")
        return self

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return AlertmanagerNotifier(self, surroundings)


class AlertmanagerNotifier:
    """One entry of `alertmanager_configs`; a repeat says what is known, so there it changes nothing."""

    def __init__(self, config: AlertmanagerConfig, surroundings: Surroundings) -> None:
        self._url = config.url.rstrip("/") + _PATH
        self._console_url = surroundings.console_url
        self._token: Secret | None = None
        if config.token_file is not None or config.token_env is not None:
            self._token = Secret(config.token_file, config.token_env, surroundings.environ)
            self._token.read()
        self._sender = HttpSender(config)

    def compose(self, notification: Notification) -> str:
        # An alert that is not told again is over for Alertmanager at its end: two reminders may be lost before.
        interval = notification.repeat_interval + (notification.deadline - notification.created_at)
        lasts_until = notification.created_at + 2 * interval
        alerts = [self._alert(alert, lasts_until) for alert in notification.alerts]
        return json.dumps(alerts, ensure_ascii=False)

    def send(self, notification: Notification, now: datetime) -> str:
        call = Call(self._url, notification.body.encode())
        if self._token is not None:
            with reading_secrets():
                token = self._token.read()
            call = replace(call, headers={"Authorization": f"Bearer {token}"}, secrets=(token,))
        self._sender.send(call, now)
        return ""

    def close(self) -> None:
        self._sender.close()

    def _alert(self, alert: Alert, lasts_until: datetime) -> dict[str, object]:
        ends_at = (alert.resolved_at or alert.changed_at) if is_resolved(alert) else lasts_until
        annotations = {**alert.annotations, "reason": alert.reason}
        return {
            "labels": {name: clean(value) for name, value in alert_labels(alert).items()},
            "annotations": {name: clean(value) for name, value in annotations.items() if value},
            "startsAt": format_instant(min(alert.fired_at or alert.deadline_at, ends_at)),
            "endsAt": format_instant(ends_at),
            **({"generatorURL": trace_url(self._console_url, alert.business_object)} if self._console_url else {}),
        }
