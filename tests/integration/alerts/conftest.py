"""A pipeline that groups by incidents, and a webhook that hears of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.client import Store
from tests.fakes import WebhookReceiver, webhook_receiver
from tests.integration.alerts.outage import Outage, Start, incident_routing


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def outages(embedded_store: Store, tmp_path: Path, receiver: WebhookReceiver) -> Iterator[Start]:
    """Starts pipelines that group by incidents; `route` and `more` go into the routing file."""
    running: list[Outage] = []

    def start(route: str = "incidents: {}", more: str = "", webhook: str = "") -> Outage:
        running.append(Outage(embedded_store, tmp_path, incident_routing(receiver.url, route, more, webhook)))
        return running[-1]

    yield start
    for outage in running:
        outage.pipeline.stop()
