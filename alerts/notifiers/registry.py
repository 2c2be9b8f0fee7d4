"""Which notifiers there are, and those that a routing file asks for."""

from collections.abc import Mapping

from alerts.config import ReceiverConfig, RoutingConfig
from alerts.notifiers.notifier import Integration
from alerts.notifiers.webhook import WebhookNotifier
from domain.errors import ConfigError


def build_integrations(
    config: RoutingConfig, console_url: str, environ: Mapping[str, str]
) -> dict[str, tuple[Integration, ...]]:
    """Every receiver's integrations; ConfigError when a file or variable that one names is missing."""
    return {receiver.name: _integrations(receiver, console_url, environ) for receiver in config.receivers}


def _integrations(receiver: ReceiverConfig, console_url: str, environ: Mapping[str, str]) -> tuple[Integration, ...]:
    built = []
    for index, webhook in enumerate(receiver.webhook_configs):
        name = f"webhook[{index}]"
        try:
            notifier = WebhookNotifier(webhook, console_url, environ)
        except ConfigError as error:
            raise ConfigError(message=f'receiver "{receiver.name}": {name}: {error}') from error
        built.append(Integration(receiver.name, name, notifier, webhook.send_resolved))
    return tuple(built)
