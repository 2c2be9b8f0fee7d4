"""Hands a notification to Apprise, which knows the services that have no notifier of their own here."""

import importlib
import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from alerts.config_parts import InlineSecret, IntegrationConfig, Secret, Surroundings, require_one_of
from alerts.messages.plain_text import plain_text
from alerts.messages.story import tell
from alerts.messages.text_limits import fit
from alerts.notification import FailureReason, Notification
from alerts.notifiers.notifier import DeliveryError, Notifier, reading_secrets
from domain.errors import ConfigError

MOST_ALERTS = 10
_TITLE = 150
# The services behind have limits of their own, which Apprise holds by cutting.
_BODY = 8000


class AppriseConfig(IntegrationConfig):
    """The address of a service in Apprise's own form, which holds its secrets."""

    url: InlineSecret
    url_file: Path | None = None
    url_env: str | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        require_one_of(self, "url_file", "url_env")
        return self

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return AppriseNotifier(self, surroundings)


class AppriseNotifier:
    """One entry of `apprise_configs`.

    Apprise only says whether a service took a message, never why not, so every failure is tried again until the
    deadline; it knows no end of an alert, so that is one message more.
    """

    def __init__(self, config: AppriseConfig, surroundings: Surroundings) -> None:
        """ConfigError where Apprise is not installed or does not know the service."""
        self._console_url = surroundings.console_url
        self._url = Secret(config.url_file, config.url_env, surroundings.environ)
        try:
            self._apprise = importlib.import_module("apprise")
        except ImportError as error:
            raise ConfigError(message='apprise is not installed; pip install "milepost[apprise]"') from error
        # What it logs of a failure may hold an address, and an address is a password.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        self._service(self._url.read())

    def compose(self, notification: Notification) -> str:
        story = tell(notification, self._console_url, MOST_ALERTS)
        kind = "success" if story.is_over else "failure" if story.severity == "critical" else "warning"
        message = {"title": fit(story.headline, _TITLE), "body": plain_text(story, _BODY), "notify_type": kind}
        return json.dumps(message, ensure_ascii=False)

    def send(self, notification: Notification, now: datetime) -> str:
        with reading_secrets():
            service = self._service(self._url.read())
        message = json.loads(notification.body)
        if not service.notify(**message, body_format=self._apprise.NotifyFormat.TEXT):
            raise DeliveryError(FailureReason.SERVER_ERROR, "the service did not take it; Apprise does not say why")
        return ""

    def close(self) -> None:
        """Holds no connection."""

    def _service(self, url: str) -> Any:
        asset = self._apprise.AppriseAsset(
            app_id="Milepost", app_desc="Milepost", async_mode=False, secure_logging=True, plugin_paths=[]
        )
        service = self._apprise.Apprise(asset=asset)
        if not service.add(url):
            raise ConfigError(message=f"{self._url.place} does not hold an address that Apprise knows")
        return service
