"""A replay meets what live traffic meets: contracts as they are now, and the definitions of webhooks."""

import json
from typing import Any

import pytest

from collector.contract_door import ContractDoor
from domain.contract import Contracts
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.events import count_events
from tests.builders import NOW
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, event, running_collector
from tests.integration.collector.test_contracts import REFUSING, SECRET, flags, personal
from tests.integration.collector.vendor_requests import all_sources, sample, send
from tests.unit.collector.contracts import door_with

UNGOVERNED = ContractDoor(Contracts())
FLAGGING = REFUSING.replace("on_violation: reject", "on_violation: flag")
INVOICE = sample("stripe", "invoice_finalized.json")


def replayed(collector: RunningCollector, **wish: Any) -> list[tuple[str, str]]:
    response = collector.http.post("/api/dead-letters/replay", json={"all": True, **wish})
    assert response.status_code == 200, response.text
    return [(one["outcome"], one["code"]) for one in response.json()["results"]]


def test_a_violation_is_rejected_until_the_contract_lets_it_through(embedded_store: Store, engine: Engine) -> None:
    with running_collector(embedded_store, door_with(REFUSING)) as strict:
        assert strict.send(event(1)).status_code == 400
        assert replayed(strict) == [("rejected", "contract_violation")]
        assert strict.total("contract_violations_total") == 1

    with running_collector(embedded_store, door_with(FLAGGING)) as lenient:
        assert replayed(lenient, dry_run=True) == [("accepted", "")]
        assert flags(engine, embedded_store) == []
        assert replayed(lenient) == [("accepted", "")]

    assert count_events(embedded_store) == 1
    assert flags(engine, embedded_store) == [("e-1", "missing_field")]


def test_personal_data_is_masked_in_a_replay_too(embedded_store: Store, engine: Engine) -> None:
    body = json.dumps(personal()).encode()
    letter = DeadLetter("l-1", NOW, "events", "late", "not then", content_type="application/json", body=body)
    insert_dead_letters(embedded_store, [letter])

    with running_collector(embedded_store, door_with(REFUSING)) as collector:
        assert replayed(collector) == [("accepted", "")]

    assert SECRET not in str(engine.select(embedded_store, "SELECT * FROM events"))


def test_a_webhook_is_replayed_through_its_definition(embedded_store: Store) -> None:
    letters = [
        DeadLetter("l-1", NOW, "sources/stripe", "unmapped", "not then", content_type="application/json", body=INVOICE),
        DeadLetter("l-2", NOW, "sources/stripe", "invalid_json", "no JSON", content_type="application/json", body=b"{"),
        DeadLetter("l-3", NOW, "sources/nobody", "unmapped", "not then", body=INVOICE),
    ]
    insert_dead_letters(embedded_store, letters)

    with running_collector(embedded_store, sources=all_sources()) as collector:
        first = dict(zip(("stripe", "broken", "unknown"), replayed(collector), strict=True))
        live = send(collector, "stripe", INVOICE)

    assert first["stripe"] == ("accepted", "")
    assert {first["broken"][0], first["unknown"][0]} == {"rejected"}
    assert first["unknown"][1] == "unknown_channel"
    assert live.json() == {"accepted": 0, "duplicates": 1, "rejected": []}


@pytest.mark.parametrize("contracts", [UNGOVERNED, door_with(REFUSING)], ids=["without contracts", "with contracts"])
def test_a_replay_that_changes_nothing_changes_nothing(embedded_store: Store, contracts: ContractDoor) -> None:
    with running_collector(embedded_store, contracts) as collector:
        assert replayed(collector) == []
