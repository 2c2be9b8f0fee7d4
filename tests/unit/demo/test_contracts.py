"""The demo company keeps the shipped contracts: every event, and every transition of every object."""

from datetime import UTC, datetime

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from collector.contract_definitions import SHIPPED, load_contracts
from collector.contract_door import ContractDoor
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import BATCH, read_request
from milepost.demo.traffic import Event, Traffic
from tests.unit.demo.reading import objects_of

START = datetime(2026, 11, 4, 10, 23, tzinfo=UTC)
CONTRACTS = load_contracts(SHIPPED).contracts


@pytest.fixture(scope="module")
def month() -> list[Event]:
    return Traffic(7, START, 30, 20).due(START).events


def test_the_demos_events_keep_their_contracts_and_stay_as_they_are(month: list[Event]) -> None:
    body = msgspec.json.encode(month[-20_000:])
    received, untouched = (read_request(BATCH, [], body, START) for _ in range(2))

    ContractDoor(CONTRACTS).apply(received, CollectorMetrics(CollectorRegistry()))

    assert (received.flags, received.rejections) == ([], [])
    assert received.candidates == untouched.candidates


def test_the_demos_objects_make_legal_transitions_only(month: list[Event]) -> None:
    states: dict[tuple[str, str], str] = {}
    illegal = []
    unique = {(str(event["source"]), str(event["id"])): event for event in month}
    for event in sorted(unique.values(), key=lambda event: str(event["time"])):
        for each in objects_of(event):
            contract = CONTRACTS.objects[each["type"]]
            if contract.machine is None:
                continue
            key = (each["type"], each["id"])
            state = states.get(key, contract.machine.start)
            after = contract.machine.step(state, str(event["type"]))
            if after is None:
                illegal.append((key, state, event["type"]))
            else:
                states[key] = after

    assert illegal == []
    assert {"posted", "visible", "applied", "billed"} <= set(states.values())
