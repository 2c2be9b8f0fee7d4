"""Notifiers that write messages and send nothing, and notifications for them to write about."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from alerts.config_parts import IntegrationConfig, Surroundings
from alerts.notification import Conversation, Notification, NotifyReason
from alerts.notifiers.alertmanager import AlertmanagerConfig
from alerts.notifiers.email import EmailConfig
from alerts.notifiers.notifier import Notifier
from alerts.notifiers.opsgenie import OpsgenieConfig
from alerts.notifiers.pagerduty import PagerDutyConfig
from alerts.notifiers.slack import SlackConfig
from alerts.notifiers.teams import TeamsConfig
from alerts.notifiers.webhook import WebhookConfig
from domain.alert import Alert
from tests.builders import NOW

CONSOLE = "https://milepost.example.com"
ENTRIES: Mapping[str, IntegrationConfig] = {
    "webhook": WebhookConfig.model_validate({"url": "http://127.0.0.1/"}),
    "slack": SlackConfig.model_validate({"api_url_env": "ADDRESS"}),
    "slack app": SlackConfig.model_validate({"app_token_env": "KEY", "channel": "#finance"}),
    "teams": TeamsConfig.model_validate({"webhook_url_env": "ADDRESS"}),
    "pagerduty": PagerDutyConfig.model_validate({"routing_key_env": "KEY", "class": "late"}),
    "opsgenie": OpsgenieConfig.model_validate({"api_key_env": "KEY", "update_alerts": True, "tags": "finance, o2c"}),
    "email": EmailConfig.model_validate(
        {"to": "Finance <finance@example.com>, cfo@example.com", "from": "m@example.com", "smarthost": "127.0.0.1:25"}
    ),
    "alertmanager": AlertmanagerConfig.model_validate({"url": "http://127.0.0.1/"}),
}
SURROUNDINGS = Surroundings(CONSOLE, {"ADDRESS": "http://127.0.0.1/hook", "KEY": "0123456789abcdef0123456789abcdef"})


def notifier(name: str) -> Notifier:
    """A notifier of a kind; to be closed."""
    return ENTRIES[name].notifier(SURROUNDINGS)


def notification(
    alerts: Sequence[Alert],
    labels: Mapping[str, str] | None = None,
    reason: NotifyReason = NotifyReason.NEW_ALERTS,
    thread: str = "",
    receiver: str = "ops",
) -> Notification:
    """A decided notification about these alerts, made half an hour after they fell due."""
    labels = {"alertname": "OrderNotPosted", "legal_entity": "DE01"} if labels is None else labels
    return Notification(
        conversation=Conversation(receiver, "test[0]", f"{{}}:{labels}"),
        group_labels=labels,
        firing=(),
        resolved=(),
        created_at=NOW + timedelta(minutes=30),
        deadline=NOW + timedelta(minutes=35),
        repeat_interval=timedelta(hours=4),
        alerts=tuple(alerts),
        reason=reason,
        notification_id="5a0c5a0c5a0c5a0c5a0c5a0c5a0c5a0c",
        thread=thread,
    )
