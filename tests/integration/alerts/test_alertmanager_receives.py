"""Alerts handed to Debian's own Alertmanager: they stand there, and end there."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.config_parts import Surroundings
from alerts.notification import Notification
from alerts.notifiers.alertmanager import AlertmanagerConfig
from domain.alert import AlertState
from domain.clock import SystemClock
from tests.builders import alert
from tests.integration.alerts.two_programs import ALERTMANAGER, alertmanager
from tests.unit.alerts.messages import CONSOLE, notification


@pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed")
def test_an_alert_stands_in_alertmanager_until_its_end(tmp_path: Path) -> None:
    now = SystemClock().now()
    late = alert(deadline_at=now - timedelta(hours=1), fired_at=now - timedelta(hours=1))
    over = replace(late, state=AlertState.RESOLVED, resolved_at=now - timedelta(seconds=1))
    path = tmp_path / "routing.yaml"
    path.write_text("{route: {receiver: nobody}, receivers: [{name: nobody}]}\n", encoding="utf-8")
    with alertmanager(path) as client:
        notifier = AlertmanagerConfig.model_validate({"url": str(client.base_url)}).notifier(Surroundings(CONSOLE, {}))

        def tell(made: Notification) -> list[dict[str, object]]:
            made = replace(made, created_at=now, deadline=now + timedelta(minutes=5))
            notifier.send(replace(made, body=notifier.compose(made)), now)
            standing: list[dict[str, object]] = client.get("/api/v2/alerts").json()
            return standing

        (standing,) = tell(notification([late]))
        assert standing["labels"] == {
            "alertname": "OrderNotPosted",
            "severity": "warning",
            "object_type": "order",
            "object_id": "O-1001",
            "currency": "EUR",
        }
        assert standing["generatorURL"] == f"{CONSOLE}/trace?object=order%2FO-1001"
        (repeated,) = tell(notification([late]))
        assert repeated["fingerprint"] == standing["fingerprint"]
        assert tell(notification([over])) == []
        notifier.close()
