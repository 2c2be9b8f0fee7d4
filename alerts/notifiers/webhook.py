"""Posts a notification to a configured address, signed where a secret is configured."""

import hashlib
import hmac
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from alerts.config_parts import (
    HttpIntegrationConfig,
    HttpUrl,
    Secret,
    Surroundings,
    allow_one_of,
    is_web_address,
    require_one_of,
)
from alerts.messages.digest_message import digest_body
from alerts.messages.webhook_body import webhook_body
from alerts.notification import Notification
from alerts.notifiers.http_sender import Call, HttpSender
from alerts.notifiers.notifier import Notifier, reading_secrets
from domain.errors import ConfigError
from domain.instants import to_micros


class WebhookConfig(HttpIntegrationConfig):
    """Where and how to post; `secret_file` or `secret_env` names the key that signs the body."""

    url: HttpUrl | None = None
    url_file: Path | None = None
    max_alerts: int = Field(default=0, ge=0)
    secret_file: Path | None = None
    secret_env: str | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        require_one_of(self, "url", "url_file")
        allow_one_of(self, "secret_file", "secret_env")
        return self

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return WebhookNotifier(self, surroundings)


class WebhookNotifier:
    """One entry of `webhook_configs`."""

    def __init__(self, config: WebhookConfig, surroundings: Surroundings) -> None:
        """Reads the files and variables that the entry names, so that a missing one is known at the start."""
        self._config = config
        self._console_url = surroundings.console_url
        self._environ = surroundings.environ
        self._sender = HttpSender(config)
        self._url()
        self._secret()

    def compose(self, notification: Notification) -> str:
        if notification.digest is not None:
            return digest_body(notification, notification.digest, self._console_url)
        return webhook_body(notification, max_alerts=self._config.max_alerts, console_url=self._console_url)

    def send(self, notification: Notification, now: datetime) -> str:
        with reading_secrets():
            url, secret = self._url(), self._secret()
        body = notification.body.encode()
        headers = {
            "Idempotency-Key": notification.notification_id,
            "X-Milepost-Notification-Id": notification.notification_id,
        }
        if secret is not None:
            headers["X-Milepost-Signature"] = signature(secret, body, now)
        self._sender.send(Call(url, body, headers, secrets=(secret.decode(),) if secret else ()), now)
        return ""

    def close(self) -> None:
        self._sender.close()

    def _url(self) -> str:
        if self._config.url is None:
            return Secret(self._config.url_file, None, self._environ).read_url()
        if not is_web_address(self._config.url):
            raise ConfigError(message="url does not hold a web address")
        return self._config.url

    def _secret(self) -> bytes | None:
        if self._config.secret_file is None and self._config.secret_env is None:
            return None
        return Secret(self._config.secret_file, self._config.secret_env, self._environ).read_text().encode()


def signature(secret: bytes, body: bytes, now: datetime) -> str:
    """The header by which a receiver knows that a body is ours and fresh: HMAC-SHA256 over `<t>.<body>`."""
    seconds = to_micros(now) // 1_000_000
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
