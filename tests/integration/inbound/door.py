"""A collector that answers vendors, on alerts that they were told of."""

from collections.abc import Callable
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from alerts.messages.pagerduty_event import dedup_key
from domain.alert import Alert
from domain.alert_action import AlertAction
from storage.alert_actions import actions_on
from storage.client import Store
from tests.builders import NOW, alert
from tests.vendors import pagerduty, slack
from tests.vendors.server import Vendor
from tests.vendors.slack import Slack

ONE, TWO = alert(object="order/O-1"), alert(object="order/O-2")
OTHER = alert("HopDown", "hop/erp")
KEY = dedup_key('{}:{alertname="OrderNotPosted"}')


class Door:
    """A collector that answers vendors, on alerts that they were told of."""

    def __init__(self, url: str, store: Store, registry: CollectorRegistry, vendor: Vendor) -> None:
        self.url = url
        self.store = store
        self.registry = registry
        self.vendor = vendor

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/actions/{path}", content=body, headers=headers)

    def pagerduty(self, event_type: str, **more: Any) -> dict[str, Any]:
        """What is answered to a signed webhook."""
        body = pagerduty.webhook(event_type, NOW, **{"incident_key": KEY, "event_id": event_type, **more})
        response = self.post("pagerduty", body, pagerduty.signed(body))
        assert response.status_code == 202, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def click(self, label: str, action_ts: str = "1600000001.123456", path: str = "/actions/T0/1/x") -> httpx.Response:
        """What is answered to a signed click on a button of the message there is."""
        [message] = self.slack.messages.values()
        body = slack.clicked(message, label, f"{self.slack.url}{path}", action_ts)
        return self.post("slack", body, slack.signed(body, NOW))

    @property
    def slack(self) -> Slack:
        assert isinstance(self.vendor, Slack)
        return self.vendor

    def answered(self) -> str:
        """What whoever clicked reads, once it is there."""
        answer = self.slack.answers.get(timeout=20)
        assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
        return str(answer["text"])

    def counted(self, channel: str, outcome: str) -> float:
        labels = {"channel": channel, "outcome": outcome}
        return self.registry.get_sample_value("milepost_inbound_actions_total", labels) or 0.0

    def actions(self, one: Alert) -> list[AlertAction]:
        return actions_on(self.store, [one.alert_id]).get(one.alert_id, [])


Open = Callable[..., Door]
