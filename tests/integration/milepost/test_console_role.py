"""A console in a process of its own acts through the store: it replays dead letters and tries interventions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from alerts.interventions import planning
from collector.replay import Selection
from dashboard.doors import doors
from domain.audit import Actor
from domain.clock import SystemClock
from domain.intervention import Verdict
from milepost.roles.console import ConsoleRole
from milepost.settings import Settings
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.events import count_events, insert_events
from tests.builders import NOW, event_row
from tests.clickhouse_endpoint import ClickHouseEndpoint

pytestmark = pytest.mark.clickhouse_server
INTERVENTIONS = """\
hosts: ["127.0.0.1:9"]
interventions:
  - name: repost_order
    description: Send an order to the ERP again
    object: order
    url: "http://127.0.0.1:9/orders/{object_id}"
    expects: {milestone: order.posted, within: 10m}
"""
LETTER = DeadLetter(
    dead_letter_id="letter-1",
    received_at=NOW,
    channel="events",
    code="unknown_source",
    reason="it was not taken then",
    content_type="application/cloudevents+json",
    body=b'{"specversion":"1.0","id":"e-9","source":"crm","type":"order.approved","time":"2026-11-02T09:30:00Z",'
    b'"data":{"objects":[{"type":"order","id":"O-9"}]}}',
)


@pytest.fixture
def console(endpoint: ClickHouseEndpoint, server_store: Store, tmp_path: Path) -> Iterator[ConsoleRole]:
    (tmp_path / "interventions.yaml").write_text(INTERVENTIONS, encoding="utf-8")
    settings = Settings(
        store=endpoint.dsn(server_store.database),
        console_port=0,
        config=tmp_path,
        personal_data_key=SecretStr("0123456789abcdef"),
    )
    role = ConsoleRole(settings, SystemClock(), lambda line: None)
    yield role
    role.stop()


@pytest.mark.usefixtures("console")
def test_it_replays_dead_letters(server_store: Store) -> None:
    insert_dead_letters(server_store, [LETTER])
    replay = doors().replay
    assert replay is not None

    page = replay.run(Selection(), Actor("ann"), reason="the source is known by now")

    assert [fate.outcome for _, fate in page.results] == [AttemptOutcome.ACCEPTED]
    assert count_events(server_store) == 1


@pytest.mark.usefixtures("console")
def test_it_plans_interventions_and_calls_nobody(server_store: Store) -> None:
    insert_events(server_store, [event_row(objects=["order/O-1"])])
    plan = doors().plan
    assert plan is not None

    [call] = plan(planning.Selection("repost_order", ["order/O-1"]), NOW)

    assert call.finding.verdict is Verdict.WILL_APPLY
