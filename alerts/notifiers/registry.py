"""The notifiers that a routing file asks for."""

from collections.abc import Mapping

from alerts.config import RoutingConfig
from alerts.config_parts import Surroundings
from alerts.notifiers.notifier import Integration
from alerts.receiver_config import ReceiverConfig
from domain.errors import ConfigError


def build_integrations(
    config: RoutingConfig, console_url: str, environ: Mapping[str, str]
) -> dict[str, tuple[Integration, ...]]:
    """Every receiver's integrations; ConfigError when a file or variable that one names is missing."""
    surroundings = Surroundings(console_url.rstrip("/"), environ)
    return {receiver.name: integrations_of(receiver, surroundings) for receiver in config.receivers}


def integrations_of(receiver: ReceiverConfig, surroundings: Surroundings) -> tuple[Integration, ...]:
    """One receiver's integrations, as `build_integrations`."""
    built = []
    for name, config in receiver.integrations():
        try:
            notifier = config.notifier(surroundings)
        except ConfigError as error:
            raise ConfigError(message=f'receiver "{receiver.name}": {name}: {error}') from error
        built.append(Integration(receiver.name, name, notifier, config.send_resolved))
    return tuple(built)
