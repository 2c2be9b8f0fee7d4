"""A receiver of the routing file and the kinds of integrations it may have: a new one takes a line here."""

from collections.abc import Iterator

from pydantic import Field

from alerts.config_parts import IntegrationConfig
from alerts.notifiers.webhook import WebhookConfig
from domain.config_file import ConfigModel

_SUFFIX = "_configs"


class ReceiverConfig(ConfigModel):
    """Somebody to tell, by any number of integrations; none means the console alone shows the alert."""

    name: str = Field(min_length=1)
    webhook_configs: tuple[WebhookConfig, ...] = ()

    def integrations(self) -> Iterator[tuple[str, IntegrationConfig]]:
        """Every entry with its name, which is its kind and place in the list, such as webhook[0]."""
        for key in type(self).model_fields:
            if key.endswith(_SUFFIX):
                for index, config in enumerate(getattr(self, key)):
                    yield f"{key.removesuffix(_SUFFIX)}[{index}]", config
