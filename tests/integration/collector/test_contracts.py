"""Contracts at the running collector's door: what is stored, what is kept of the rest, and that nobody can read it."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from collector.contract_door import ContractDoor
from collector.local_door import LocalDoor
from collector.receivers.cloudevents import BATCH, STRUCTURED
from domain.clock import FixedClock
from domain.errors import StoreError
from storage.client import Store
from storage.events import count_events
from tests.builders import NOW
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, event, running_collector
from tests.unit.collector.contracts import door_with

SECRET = "jane.doe@example.com"
CONTRACT = """
    required: {amount: decimal, region: text}
    personal_data: {attributes.email: hash, data.contact.phone: mask, extensions.signedby: mask}
"""
REFUSING = f"{CONTRACT}    on_violation: reject\n"


@pytest.fixture
def contracts() -> ContractDoor:
    return door_with(CONTRACT)


@pytest.fixture
def collector(store: Store, contracts: ContractDoor) -> Iterator[RunningCollector]:
    """A collector with contracts, on each kind of store in turn."""
    with running_collector(store, contracts) as running:
        yield running


def order(number: int = 1, **data: Any) -> dict[str, Any]:
    """An event that keeps its contract; `data` sets members of its data."""
    given = event(number)
    return given | {"data": given["data"] | {"region": "EMEA"} | data}


def personal(number: int = 1, secret: str = SECRET, **data: Any) -> dict[str, Any]:
    whole = order(number, attributes={"email": secret, "tier": "gold"}, contact={"phone": secret}, **data)
    return whole | {"signedby": secret}


def everything(engine: Engine, store: Store) -> str:
    """All that all tables hold, as text."""
    tables = engine.select(
        store, f"SELECT name FROM system.tables WHERE database = '{store.database}' AND total_rows > 0"
    )
    return "\n".join(
        f"{row['name']}: {one}" for row in tables for one in engine.select(store, f"SELECT * FROM {row['name']}")
    )


def flags(engine: Engine, store: Store) -> list[tuple[str, str]]:
    rows = engine.select(store, "SELECT event_id, flag FROM contract_flags FINAL ORDER BY event_id, flag")
    return [(row["event_id"], row["flag"]) for row in rows]


def test_an_event_is_stored_with_its_personal_data_masked(collector: RunningCollector, engine: Engine) -> None:
    assert collector.send(personal()).status_code == 202

    [row] = engine.select(collector.store, "SELECT * FROM events")
    data = json.loads(row["data"])
    assert data["contact"] == {"phone": "***"}
    assert data["attributes"] == row["attributes"]
    assert row["attributes"]["tier"] == "gold"
    assert row["attributes"]["email"].startswith("hmac-sha256:")
    assert row["extensions"] == {"signedby": "***"}
    assert SECRET not in everything(engine, collector.store)


def test_an_event_type_without_a_contract_keeps_what_it_says(collector: RunningCollector, engine: Engine) -> None:
    collector.send(personal() | {"type": "order.cancelled"})

    assert SECRET in everything(engine, collector.store)


def test_an_event_that_is_sent_again_is_still_a_duplicate(collector: RunningCollector) -> None:
    collector.send(personal())
    answer = collector.send_batch([personal(), personal()])
    indented = collector.post(json.dumps(personal(), indent=2).encode(), STRUCTURED)

    assert answer == {"accepted": 0, "duplicates": 2, "rejected": []}
    assert indented.json() == {"accepted": 0, "duplicates": 1}
    assert collector.letters() == []


def test_an_event_that_differs_in_what_is_hashed_is_a_conflict_that_shows_nothing(
    collector: RunningCollector, engine: Engine
) -> None:
    collector.send(personal())

    answer = collector.send(personal(secret="john.roe@example.com"))

    assert (answer.status_code, answer.json()["code"]) == (400, "conflict")
    [letter] = collector.letters()
    assert json.loads(letter["body"])["data"]["contact"] == {"phone": "***"}
    assert "john.roe" not in everything(engine, collector.store)


NOT_TAKEN = [
    pytest.param({"body": json.dumps(personal() | {"time": "never"})}, id="an event with a wrong time"),
    pytest.param({"body": json.dumps(personal() | {"type": ""})}, id="an event without a type"),
    pytest.param({"body": json.dumps(personal(amount="many"))}, id="an event with a wrong amount"),
    pytest.param({"body": json.dumps(personal())[:-9]}, id="an event cut off"),
    pytest.param({"body": json.dumps([personal()])[:-9], "content_type": BATCH}, id="a batch cut off"),
    pytest.param({"body": json.dumps([personal() | {"id": "\ud800"}]), "content_type": BATCH}, id="half a character"),
    pytest.param({"body": json.dumps(personal()), "content_type": "text/plain"}, id="no CloudEvents"),
    pytest.param({"body": json.dumps([personal()] * 2), "content_type": "application/cloudevents+xml"}, id="XML"),
    pytest.param(
        {
            "body": json.dumps(personal()["data"]),
            "content_type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": "e-1",
            "ce_source": "crm",
            "ce_type": "order.approved",
            "ce_time": "never",
            "ce_signedby": SECRET,
        },
        id="binary mode",
    ),
    pytest.param(
        {
            "body": f"<order><email>{SECRET}</email></order>",
            "content_type": "text/xml",
            "ce_specversion": "1.0",
            "ce_id": "e-1",
            "ce_source": "crm",
            "ce_type": "order.approved",
            "ce_subject": "order/O-1",
        },
        id="data that cannot be masked",
    ),
]


@pytest.mark.parametrize("request_", NOT_TAKEN)
def test_a_dead_letter_shows_no_personal_data(
    collector: RunningCollector, engine: Engine, request_: dict[str, str]
) -> None:
    how = {"content_type": STRUCTURED, **request_}
    body = how.pop("body").encode()

    answer = collector.post(body, how.pop("content_type"), **how)

    assert answer.status_code in (200, 400, 415)
    assert len(collector.letters()) == 1
    assert count_events(collector.store) == 0
    assert SECRET not in everything(engine, collector.store)


def test_a_dead_letter_of_a_compressed_request_shows_no_personal_data(
    collector: RunningCollector, engine: Engine
) -> None:
    body = gzip.compress(json.dumps(personal() | {"specversion": "0.3"}).encode() + b" {}")

    assert collector.post(body, STRUCTURED, content_encoding="gzip").status_code == 400

    [letter] = collector.letters()
    assert (letter["headers"], letter["body"][:9]) == ({}, b"withheld:")
    assert SECRET not in everything(engine, collector.store)


def test_a_request_that_breaks_no_secret_is_kept_whole(collector: RunningCollector) -> None:
    collector.post(b'{"specversion": "1.0"', STRUCTURED)

    assert [letter["body"] for letter in collector.letters()] == [b'{"specversion": "1.0"']


def test_an_event_that_breaks_its_contract_is_stored_and_flagged(collector: RunningCollector, engine: Engine) -> None:
    answer = collector.send_batch([order(1), order(2, region=None, amount=None), order(3, objects=[])])

    assert answer == {"accepted": 3, "duplicates": 0, "rejected": []}
    rows = engine.select(
        collector.store,
        "SELECT source, type, version, event_id, flag, detail, received_at FROM contract_flags ORDER BY ALL",
    )
    common = {"source": "crm", "type": "order.approved", "version": 3, "received_at": NOW}
    assert rows == [
        common
        | {"event_id": "e-2", "flag": "missing_field", "detail": "amount is missing; give a decimal such as 12500.00"},
        common | {"event_id": "e-2", "flag": "missing_field", "detail": "region is missing; give a text"},
        common
        | {
            "event_id": "e-3",
            "flag": "missing_object",
            "detail": "names no order; name one in data.objects, or as the subject order/ID",
        },
    ]
    assert collector.total("contract_violations_total") == 2


def test_events_that_keep_their_contracts_leave_no_flags(collector: RunningCollector, engine: Engine) -> None:
    collector.send_batch([order(number) for number in range(20)])

    assert flags(engine, collector.store) == []


OWNED = """
    optional: {attributes.tax_id: text}
    field_sources: {attributes.tax_id: [erp]}
    on_violation: reject
"""


@pytest.mark.parametrize("contracts", [door_with(f"{OWNED}    on_foreign_source: flag\n")])
def test_what_the_wrong_source_states_is_taken_and_flagged(collector: RunningCollector, engine: Engine) -> None:
    taxed = {"attributes": {"tax_id": "DE129273398"}}
    sent = [order(1, **taxed), order(2), *(order(number) | {"source": "billing"} for number in (3, 4))]
    sent[3]["data"] |= taxed
    sent += [order(number, **data) | {"source": "erp"} for number, data in ((5, taxed), (6, {}))]

    answer = collector.send_batch(sent)

    assert answer == {"accepted": 6, "duplicates": 0, "rejected": []}
    rows = engine.select(collector.store, "SELECT event_id, flag, detail FROM contract_flags ORDER BY ALL")
    foreign = 'the event is stated by "billing"; give it from crm'
    assert [(row["event_id"], row["flag"], row["detail"]) for row in rows] == [
        ("e-1", "foreign_field", 'attributes.tax_id is stated by "crm"; give it from erp'),
        ("e-3", "foreign_source", foreign),
        ("e-4", "foreign_field", 'attributes.tax_id is stated by "billing"; give it from erp'),
        ("e-4", "foreign_source", foreign),
    ]
    assert collector.total("contract_violations_total") == 3


@pytest.mark.parametrize("contracts", [door_with(OWNED)])
def test_what_the_wrong_source_states_is_only_taken_where_nobody_asks(
    collector: RunningCollector, engine: Engine
) -> None:
    collector.send(order(1, attributes={"tax_id": "DE129273398"}))

    assert (collector.total("events_stored_total"), flags(engine, collector.store)) == (1, [])


def test_a_flag_is_told_once_however_often_its_event_is_sent(collector: RunningCollector, engine: Engine) -> None:
    for _ in range(3):
        collector.send(order(region=None))

    assert flags(engine, collector.store) == [("e-1", "missing_field")]
    assert collector.total("events_stored_total") == 1


def test_the_flags_that_a_crash_took_come_back_with_the_repeat(collector: RunningCollector, engine: Engine) -> None:
    collector.send(order(region=None))
    collector.store.execute("TRUNCATE TABLE contract_flags")

    assert collector.send(order(region=None)).json() == {"accepted": 0, "duplicates": 1}

    assert flags(engine, collector.store) == [("e-1", "missing_field")]


def test_an_event_is_not_acknowledged_while_its_flags_cannot_be_stored(
    collector: RunningCollector, engine: Engine
) -> None:
    collector.store.execute("RENAME TABLE contract_flags TO contract_flags_away")
    try:
        refused = collector.send(order(region=None))
    finally:
        collector.store.execute("RENAME TABLE contract_flags_away TO contract_flags")

    assert refused.status_code == 503
    assert collector.send(order(region=None)).status_code == 202
    assert flags(engine, collector.store) == [("e-1", "missing_field")]


def test_a_conflict_leaves_no_flag_on_the_event_that_is_stored(collector: RunningCollector, engine: Engine) -> None:
    collector.send(order())

    assert collector.send(order(region=None)).json()["code"] == "conflict"

    assert flags(engine, collector.store) == []


@pytest.mark.parametrize("contracts", [pytest.param(door_with(REFUSING), id="refusing")])
def test_an_event_that_has_to_keep_its_contract_becomes_a_dead_letter(
    collector: RunningCollector, engine: Engine
) -> None:
    answer = collector.send_batch([personal(1), personal(2, region=None)])

    reason = "breaks the contract order.approved/3: region is missing; give a text"
    assert answer["accepted"] == 1
    assert answer["rejected"] == [{"index": 1, "id": "e-2", "code": "contract_violation", "reason": reason}]
    [letter] = collector.letters()
    assert (letter["code"], letter["reason"], letter["source"], letter["event_id"]) == (
        "contract_violation",
        reason,
        "crm",
        "e-2",
    )
    assert json.loads(letter["body"])["data"]["contact"] == {"phone": "***"}
    assert SECRET not in everything(engine, collector.store)
    assert collector.total("contract_violations_total") == 1
    assert collector.total("events_received_total") == 2


@pytest.mark.parametrize("contracts", [pytest.param(door_with(REFUSING), id="refusing")])
def test_a_dead_letter_sent_again_after_its_contract_was_loosened_is_the_event_it_would_have_been(
    collector: RunningCollector, engine: Engine
) -> None:
    collector.send(personal(2, region=None))
    [letter] = collector.letters()

    with running_collector(collector.store, door_with(CONTRACT)) as loosened:
        replayed = loosened.post(letter["body"], STRUCTURED)
        original = loosened.send(personal(2, region=None))

    assert (replayed.json(), original.json()) == (
        {"accepted": 1, "duplicates": 0},
        {"accepted": 0, "duplicates": 1},
    )


def test_the_door_in_this_process_applies_the_contracts_too(
    embedded_store: Store, engine: Engine, contracts: ContractDoor
) -> None:
    door = LocalDoor(embedded_store, FixedClock(NOW), contracts)

    taken = door.events(BATCH, json.dumps([personal(1), personal(2, region=None)]).encode())
    cut = door.events(STRUCTURED, json.dumps(personal(3))[:-9].encode())

    assert (taken.accepted, len(cut.rejected)) == (2, 1)
    assert flags(engine, embedded_store) == [("e-2", "missing_field")]
    assert SECRET not in everything(engine, embedded_store)


def test_the_door_in_this_process_tells_when_flags_cannot_be_stored(
    embedded_store: Store, contracts: ContractDoor
) -> None:
    door = LocalDoor(embedded_store, FixedClock(NOW), contracts)
    embedded_store.execute("RENAME TABLE contract_flags TO contract_flags_away")
    try:
        with pytest.raises(StoreError, match="contract_flags"):
            door.events(STRUCTURED, json.dumps(order(region=None)).encode())
    finally:
        embedded_store.execute("RENAME TABLE contract_flags_away TO contract_flags")
