"""Which entries of the routing file expect a vendor to tell something back, and by which secret it is believed."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.config import RoutingConfig
from alerts.config_parts import Secret
from alerts.inbound.told import Entry
from alerts.notifiers.pagerduty import PagerDutyConfig
from alerts.notifiers.slack import SlackConfig


@dataclass(frozen=True, slots=True)
class Listener:
    """An entry under a receiver that names a secret for what comes back."""

    entry: Entry
    config: PagerDutyConfig | SlackConfig
    secret: Secret


def listeners(
    config: RoutingConfig, kind: type[PagerDutyConfig] | type[SlackConfig], environ: Mapping[str, str]
) -> list[Listener]:
    """The entries of a kind that expect something back, in the order of the file."""
    found = []
    for receiver in config.receivers:
        for name, entry in receiver.integrations():
            if isinstance(entry, PagerDutyConfig | SlackConfig) and isinstance(entry, kind):
                secret = entry.inbound_secret(environ)
                if secret is not None:
                    found.append(Listener(Entry(receiver.name, name), entry, secret))
    return found
