"""Incidents as commands and the API show them: the same figures, and acknowledging all at once."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from domain.errors import UsageError
from domain.instants import EARLIEST, LATEST
from milepost.alert_handling import AcknowledgeWish
from milepost.answers.protocol import Answers
from milepost.cli import app
from storage.audit import AuditPeriod, audit_page
from storage.client import Store
from tests.engine import Engine
from tests.integration.alerts.outage import REFUSED, Outage, incident_routing
from tests.integration.milepost.places import PLACES, answers_at

Command = Callable[..., Result]


@pytest.fixture
def outage(embedded_store: Store, tmp_path: Path) -> Iterator[Outage]:
    """Three orders behind one hop, one of them of unknown amount; another incident that is over."""
    quiet = incident_routing("http://127.0.0.1:9/").partition("receivers:")[0] + "receivers: [{name: ops}]\n"
    outage = Outage(embedded_store, tmp_path, quiet)
    outage.fail(7, thrown=REFUSED)
    outage.fire(7)
    outage.tick()
    outage.end(7)
    outage.fail(1, 2, 3)
    outage.fire(1, amount=Decimal("400000.00"))
    outage.fire(2, amount=Decimal(12000), severity="critical")
    outage.fire(3, amount=None, currency=None)
    outage.tick(timedelta(minutes=1))
    yield outage
    outage.pipeline.stop()


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, outage: Outage, embedded_store: Store) -> Iterator[Answers]:
    with answers_at(request.param, embedded_store) as answers:
        yield answers


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, engine: Engine, outage: Outage, embedded_store: Store) -> Command:
    """Runs a command on the store; what it prints is in the result."""
    monkeypatch.setenv("MILEPOST_STORE", engine.dsn(embedded_store.database))
    return lambda *words: CliRunner().invoke(app, ["incidents", *words])


def test_incidents_are_listed_with_what_waits_and_shown_with_their_alerts(answers: Answers) -> None:
    stuck, over = answers.incidents([], 10)
    shown = answers.incident(stuck["incident_id"][:8], 2)

    assert (stuck["state"], stuck["firing"], stuck["objects"]) == ("open", 3, [{"type": "order", "count": 3}])
    assert (stuck["money"], stuck["money_unknown"]) == ([{"currency": "EUR", "amount": "412000.00"}], 1)
    assert (stuck["severity"], stuck["first_seen_at"]) == ("critical", "2026-11-02T11:00:00Z")
    assert (over["state"], over["over"], over["ended_at"]) == ("over", 1, "2026-11-02T12:00:00Z")
    assert over["objects"] == [{"type": "order", "count": 1}]
    assert {name: shown[name] for name in stuck} == stuck
    assert len(shown["alerts"]) == 2
    assert answers.incidents(["over"], 10) == [over]
    assert answers.incidents([], 1) == [stuck]


def test_what_is_no_incident_or_no_state_is_told(answers: Answers) -> None:
    with pytest.raises(UsageError) as refused:
        answers.incident("zz", 10)
    assert str(refused.value) == "no incident's id begins with 'zz'; `milepost incidents list` shows their ids"
    with pytest.raises(UsageError) as refused:
        answers.incidents(["firing"], 10)
    assert str(refused.value) == "state is 'firing'; give one of open, over"


def test_an_incident_is_acknowledged_whole_in_one_entry_and_once(answers: Answers, embedded_store: Store) -> None:
    stuck, over = answers.incidents([], 10)
    wish = AcknowledgeWish(by="ana", comment="SAP is on it")

    assert answers.acknowledge_incident(stuck["incident_id"], wish)["acknowledged"] == 3
    assert answers.acknowledge_incident(stuck["incident_id"], wish)["acknowledged"] == 0
    with pytest.raises(UsageError) as refused:
        answers.acknowledge_incident(over["incident_id"], wish)

    assert str(refused.value) == (
        f"the incident {over['incident_id']} is over since 2026-11-02T12:00:00Z; one that is over is not acknowledged"
    )
    [entry] = audit_page(embedded_store, 0, AuditPeriod(EARLIEST, LATEST))
    assert (entry.kind, entry.subject, entry.who) == ("incident.acknowledge", stuck["incident_id"], "ana")
    assert json.loads(entry.details) == {"alerts": 3, "hop": "erp POST /erp/orders"}
    acknowledged = {row["object_id"]: row["acknowledged"] for row in answers.alerts(None, 10)}
    assert {number: one and one["by"] for number, one in acknowledged.items()} == {
        "O-1": "ana",
        "O-2": "ana",
        "O-3": "ana",
        "O-7": None,
    }


def test_commands_show_incidents_to_people(command: Command) -> None:
    rows = json.loads(command("list", "--output", "json").stdout)
    table = command("list", "--state", "open").stdout
    page = command("show", rows[0]["incident_id"][:16]).stdout
    done = command("ack", rows[0]["incident_id"], "--by", "ana").stdout

    assert [row["state"] for row in rows] == ["open", "over"]
    assert "erp POST /erp/orders" in table
    assert "3 order" in table
    assert "412000.00 EUR, 1 of unknown amount" in table
    assert page.startswith("erp POST /erp/orders\n")
    assert "PeriodLock: period 2026-11 of DE01 is locked" in page
    assert page.count("OrderNotPosted") == 3
    assert done == f"{rows[0]['incident_id']}: 3 alerts acknowledged\n"


def test_where_nothing_is_stuck_there_is_no_incident(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, embedded_store: Store
) -> None:
    monkeypatch.setenv("MILEPOST_STORE", engine.dsn(embedded_store.database))

    assert CliRunner().invoke(app, ["incidents", "list"]).stdout == "no incidents\n"
