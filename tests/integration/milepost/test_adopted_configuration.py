"""Contracts and routing that come into force are in the audit log once for every change."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.config import load_routing
from domain.clock import FixedClock
from domain.contract import Contracts, EventContract, SourceContract
from milepost.adopted_configuration import AdoptedConfiguration
from storage.audit import audit_page, verify_audit
from storage.client import Store
from tests.builders import NOW
from tests.integration.milepost.places import CONTRACTS

APPROVED = EventContract("order.approved", 1, "sales", "order", ("crm",))
POSTED = EventContract("order.posted", 1, "finance", "order", ("erp",))
ERP = SourceContract("erp")


@pytest.fixture
def adopted(embedded_store: Store) -> AdoptedConfiguration:
    return AdoptedConfiguration(embedded_store, FixedClock(NOW))


def entries(store: Store) -> list[tuple[str, str, dict[str, Any]]]:
    """What the log says, without the digests of contracts."""
    assert verify_audit(store).flaws == []
    found = [(entry.kind, entry.subject, json.loads(entry.details)) for entry in audit_page(store)]
    for _, _, details in found:
        for one in details.get("contracts", ()):
            assert len(one.pop("digest")) == 16
    return found


def contracts(*events: EventContract, source: SourceContract = ERP) -> Contracts:
    return Contracts({one.type: one for one in events}, {}, {source.source: source})


def test_contracts_are_noted_once_and_again_where_they_change(
    embedded_store: Store, adopted: AdoptedConfiguration
) -> None:
    both = contracts(APPROVED, POSTED)
    adopted.note_contracts(both)
    adopted.note_contracts(both)
    adopted.note_contracts(contracts(replace(APPROVED, version=2), POSTED))
    adopted.note_contracts(contracts(replace(APPROVED, version=2), source=replace(ERP, aliases=("sap",))))
    adopted.note_contracts(both)

    approved, posted = ({"contract": name, "version": 1} for name in ("order.approved", "order.posted"))
    erp = {"contract": "source erp", "version": None}
    newer = {"contract": "order.approved", "version": 2}
    assert entries(embedded_store) == [
        ("contract.adopt", "3 contracts", {"contracts": [approved, posted, erp], "removed": []}),
        ("contract.adopt", "order.approved", {"contracts": [newer], "removed": []}),
        ("contract.adopt", "2 contracts", {"contracts": [erp], "removed": ["order.posted"]}),
        ("contract.adopt", "3 contracts", {"contracts": [approved, posted, erp], "removed": []}),
    ]


def test_the_shipped_contracts_are_noted_alike_at_every_start(
    embedded_store: Store, adopted: AdoptedConfiguration
) -> None:
    for _ in range(2):
        adopted.note_contracts(CONTRACTS)

    [(kind, _, details)] = entries(embedded_store)
    assert kind == "contract.adopt"
    assert {"contract": "order.approved", "version": 1} in details["contracts"]


def test_a_routing_file_is_noted_once_and_again_where_it_changes(
    embedded_store: Store, adopted: AdoptedConfiguration, tmp_path: Path
) -> None:
    path = tmp_path / "routing.yaml"
    for receiver in ("ops", "ops", "finance", "ops"):
        path.write_text(f"route: {{receiver: {receiver}}}\nreceivers: [{{name: {receiver}}}]\n", encoding="utf-8")
        adopted.note_routing(path, load_routing(path))

    found = entries(embedded_store)
    assert [(kind, subject, details["receivers"]) for kind, subject, details in found] == [
        ("routing.adopt", "routing.yaml", ["ops"]),
        ("routing.adopt", "routing.yaml", ["finance"]),
        ("routing.adopt", "routing.yaml", ["ops"]),
    ]
    assert found[0][2]["sha256"] == found[2][2]["sha256"] != found[1][2]["sha256"]


def test_an_entry_that_was_tampered_with_does_not_end_the_start(
    embedded_store: Store, adopted: AdoptedConfiguration
) -> None:
    adopted.note_contracts(contracts(APPROVED))
    embedded_store.execute("ALTER TABLE audit_log UPDATE details = '{' WHERE 1 SETTINGS mutations_sync = 2")

    adopted.note_contracts(contracts(APPROVED))

    assert [entry.number for entry in audit_page(embedded_store)] == [1, 2]
    assert [flaw.number for flaw in verify_audit(embedded_store).flaws] == [1]
