"""Every vendor with the entry of a routing file that reaches it, for tests that hold for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alerts.config import load_routing
from alerts.notifiers.notifier import Integration
from alerts.notifiers.registry import build_integrations
from tests.vendors import alertmanager, opsgenie, pagerduty, slack, teams, webhook
from tests.vendors.alertmanager import Alertmanager
from tests.vendors.opsgenie import Opsgenie
from tests.vendors.pagerduty import PagerDuty
from tests.vendors.server import Vendor
from tests.vendors.slack import Slack
from tests.vendors.teams import Teams
from tests.vendors.webhook import Webhook

CONSOLE = "https://milepost.example.com"


@dataclass(frozen=True)
class Kind:
    """A vendor, its key under a receiver, what the secret file holds and what else the entry says of `{url}`."""

    make: Callable[[], Vendor]
    key: str
    secret: str
    secret_key: str
    entry: str = ""


KINDS = {
    "webhook": Kind(Webhook, "webhook", webhook.KEY, "secret_file", "url: '{url}/hook'"),
    "slack by webhook": Kind(Slack, "slack", "{url}" + slack.HOOK_PATH, "api_url_file"),
    "slack by token": Kind(
        Slack,
        "slack",
        slack.TOKEN,
        "app_token_file",
        "app_url: '{url}/api/chat.postMessage', channel: '#finance', response_url: '{url}'",
    ),
    "teams": Kind(Teams, "msteamsv2", "{url}" + teams.PATH, "webhook_url_file"),
    "pagerduty": Kind(PagerDuty, "pagerduty", pagerduty.KEY, "routing_key_file", "url: '{url}/v2/enqueue'"),
    "opsgenie": Kind(Opsgenie, "opsgenie", opsgenie.KEY, "api_key_file", "api_url: '{url}/'"),
    "alertmanager": Kind(Alertmanager, "alertmanager", alertmanager.TOKEN, "token_file", "url: '{url}'"),
}


def routing_text(kind: Kind, vendor: Vendor, folder: Path, more: str = "", route: str = "") -> str:
    """A routing file with the receiver `ops`, its secret written beside it."""
    (folder / "secret").write_text(kind.secret.format(url=vendor.url), encoding="utf-8")
    entry = ", ".join(
        part
        for part in (f"{kind.secret_key}: secret", kind.entry.format(url=vendor.url), "send_resolved: true", more)
        if part
    )
    return f"route: {{receiver: ops{route}}}\nreceivers: [{{name: ops, {kind.key}_configs: [{{{entry}}}]}}]\n"


def integration(kind: Kind, vendor: Vendor, folder: Path, more: str = "") -> Integration:
    """The integration that a routing file with this vendor gives."""
    path = folder / "routing.yaml"
    path.write_text(routing_text(kind, vendor, folder, more), encoding="utf-8")
    (built,) = build_integrations(load_routing(path), CONSOLE, {})["ops"]
    return built
