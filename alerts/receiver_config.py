"""A receiver of the routing file and the kinds of integrations it may have: a new one takes a line here."""

from collections.abc import Iterator

from pydantic import Field

from alerts.config_parts import IntegrationConfig
from alerts.notifiers.alertmanager import AlertmanagerConfig
from alerts.notifiers.apprise import AppriseConfig
from alerts.notifiers.email import EmailConfig
from alerts.notifiers.opsgenie import OpsgenieConfig
from alerts.notifiers.pagerduty import PagerDutyConfig
from alerts.notifiers.slack import SlackConfig
from alerts.notifiers.teams import TeamsConfig
from alerts.notifiers.webhook import WebhookConfig
from domain.config_file import ConfigModel

_SUFFIX = "_configs"


class ReceiverConfig(ConfigModel):
    """Somebody to tell, by any number of integrations; none means the console alone shows the alert."""

    name: str = Field(min_length=1)
    webhook_configs: tuple[WebhookConfig, ...] = ()
    slack_configs: tuple[SlackConfig, ...] = ()
    msteamsv2_configs: tuple[TeamsConfig, ...] = ()
    # Alertmanager's name for connectors, which Microsoft has switched off; workflows take their place.
    msteams_configs: tuple[TeamsConfig, ...] = ()
    pagerduty_configs: tuple[PagerDutyConfig, ...] = ()
    opsgenie_configs: tuple[OpsgenieConfig, ...] = ()
    email_configs: tuple[EmailConfig, ...] = ()
    alertmanager_configs: tuple[AlertmanagerConfig, ...] = ()
    apprise_configs: tuple[AppriseConfig, ...] = ()

    def integrations(self) -> Iterator[tuple[str, IntegrationConfig]]:
        """Every entry with its name, which is its kind and place in the list, such as webhook[0]."""
        for key in type(self).model_fields:
            if key.endswith(_SUFFIX):
                for index, config in enumerate(getattr(self, key)):
                    yield f"{key.removesuffix(_SUFFIX)}[{index}]", config
