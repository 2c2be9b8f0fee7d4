"""Doors for vendors that were told of alerts by the real pipeline."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from alerts.config import load_routing
from collector.access import DoorSettings
from collector.app import Collector
from domain.alert import Alert
from domain.clock import FixedClock
from milepost.api.actions import action_routes
from milepost.http_server import HttpServer, address, bind
from storage.alerts import write_transitions
from storage.client import Store
from tests.builders import NOW
from tests.integration.alerts.pipeline import RunningPipeline
from tests.integration.inbound.door import Door, Open
from tests.vendors import pagerduty, slack
from tests.vendors.kinds import KINDS, routing_text
from tests.vendors.pagerduty import PagerDuty
from tests.vendors.server import serving
from tests.vendors.slack import Slack


@pytest.fixture
def open_door(embedded_store: Store, tmp_path: Path) -> Iterator[Open]:
    """Opens a door for a vendor that was told of these alerts."""
    with ExitStack() as stack:

        def open_door(kind: str, more: str, *told: Alert, exposed: bool = False) -> Door:
            vendor = stack.enter_context(serving(PagerDuty if kind == "pagerduty" else Slack))
            for name, secret in (("signing", slack.SIGNING_SECRET), ("webhook", pagerduty.SECRET)):
                (tmp_path / name).write_text(secret, encoding="utf-8")
            route = ", group_wait: 0s, group_by: [alertname]"
            text = routing_text(KINDS[kind], vendor, tmp_path, more, route)
            write_transitions(embedded_store, told)
            pipeline = RunningPipeline(embedded_store, tmp_path, text)
            pipeline.tick(*told)
            pipeline.settle()
            pipeline.stop()
            config = load_routing(tmp_path / "routing.yaml")
            registry = CollectorRegistry()
            clock = FixedClock(NOW)
            routes = action_routes(embedded_store, clock, lambda: config, {}, registry)
            collector = Collector(embedded_store, clock, registry, routes, door=DoorSettings(is_exposed=exposed))
            listening = bind("127.0.0.1", 0, "the test's port")
            server = HttpServer(collector.app, listening, "collector")
            collector.start()
            stack.callback(collector.stop)
            server.start()
            stack.callback(server.stop)
            return Door(address(listening), embedded_store, registry, vendor)

        yield open_door
