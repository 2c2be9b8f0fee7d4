"""Vendors' sources and the shipped contracts: whose word is whose, and which names no contract knows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.contract_definitions import SHIPPED as CONTRACTS
from collector.contract_definitions import load_contracts
from collector.pull_definitions import load_pulls
from collector.source_definitions import SHIPPED, load_definitions
from collector.source_names import (
    SourceUse,
    unknown_sources,
    uses_in_definitions,
    uses_in_pulls,
    uses_in_span_mappings,
)
from collector.span_mapping_config import load_correlation
from tests.unit.collector.contracts import WHOLE, contract_files

# What the samples hold that the shipped contracts have another system say: who has no such system, such as no CPQ,
# lets the other one say it in contracts of its own.
SAID_BY_OTHERS = {
    ("billing", "invoice.posted"),
    ("crm", "order.created"),
    ("erp", "customer.created"),
    ("erp", "customer.updated"),
}
SHOP = "title: A shop\nauthentication: none\nmap: {id: event.id}\n"


def sampled() -> Iterator[tuple[str, str]]:
    """The source and the type of every event that a shipped sample becomes."""
    for path in (SHIPPED / "samples").glob("*/*.expected.json"):
        for event in json.loads(path.read_text())["events"]:
            yield event["source"], event["type"]


def test_every_shipped_source_is_known_to_the_shipped_contracts() -> None:
    contracts = load_contracts(CONTRACTS).contracts
    definitions = load_definitions([SHIPPED]).values()
    used = {source for definition in definitions for source in definition.sources}

    assert unknown_sources([SourceUse(source, SHIPPED) for source in used], contracts) == []
    assert {source for source, _ in sampled()} <= used


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("salesforce", "crm"),
        ("hubspot", "crm"),
        ("dynamics365_sales", "crm"),
        ("salesforce_cpq", "cpq"),
        ("netsuite", "erp"),
        ("sap_s4hana", "erp"),
        ("dynamics365", "erp"),
        ("oracle_fusion", "erp"),
        ("zuora", "billing"),
        ("chargebee", "billing"),
        ("stripe_billing", "billing"),
        ("stripe", "payments"),
        ("tax", "tax"),
        ("middleware", "middleware"),
    ],
)
def test_a_vendor_is_judged_as_the_part_it_has_in_the_workflow(sent: str, known: str) -> None:
    contracts = load_contracts(CONTRACTS).contracts

    source = contracts.source_named(sent)

    assert source is not None
    assert source.source == known
    assert source.silent_after is not None


def test_what_the_samples_say_is_said_by_whose_word_counts() -> None:
    contracts = load_contracts(CONTRACTS).contracts
    by_name = {name: event for event in contracts.events.values() for name in (event.type, *event.aliases)}

    others = set()
    for sent, type_ in sampled():
        source = contracts.source_named(sent)
        if source and type_ in by_name and source.source not in by_name[type_].sources:
            others.add((source.source, by_name[type_].type))

    assert others == SAID_BY_OTHERS


def test_a_source_that_no_contract_knows_is_told_with_names_near_to_it(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(f"{SHOP}source: crn\ntypes: [{{when: event.paid, source: pay, type: paid}}, {{type: sold}}]\n")
    contracts = contract_files(WHOLE).contracts

    told = unknown_sources(uses_in_definitions(load_definitions([path]).values(), {}), contracts)

    rest = "Add it to the sources of the contracts, or to the aliases of one"
    assert told == [
        f'{path}: warning: no contract knows the source "crn", so it is never silent and its word counts for nothing; '
        f"near to it: crm. {rest}",
        f'{path}: warning: no contract knows the source "pay", so it is never silent and its word counts for nothing. '
        f"{rest}",
    ]


def test_pulls_and_span_mappings_are_looked_at_as_well(tmp_path: Path) -> None:
    (tmp_path / "pulls").mkdir()
    pull = tmp_path / "pulls" / "ledger.yaml"
    pull.write_text(
        "title: The ledger\nfile: {path: a.csv, format: CSVWithNames}\nwatermark: {integer: id}\n"
        "map: {id: id, type: type, time: at, objects: order}\n"
    )
    spans = tmp_path / "correlation.yaml"
    spans.write_text(
        "span_mappings:\n"
        "  - {mapping: sold, service: [crm, till], event: sold, objects: [{type: order, id: order.id}]}\n"
        "  - {mapping: posted, service: till, source: erp, event: posted, objects: [{type: order, id: order.id}]}\n"
    )
    uses = [
        *uses_in_pulls(load_pulls(pull.parent).values()),
        *uses_in_span_mappings(spans, load_correlation(spans)),
    ]

    told = unknown_sources(uses, contract_files(WHOLE).contracts)

    assert [line.partition(", so")[0] for line in told] == [
        f'{pull}: warning: no contract knows the source "ledger"',
        f'{spans}: warning: mapping "sold": no contract knows the source "till"',
    ]


def test_a_shipped_source_without_its_secret_is_not_in_use() -> None:
    definitions = load_definitions([SHIPPED]).values()

    used = {use.source for use in uses_in_definitions(definitions, {"STRIPE_WEBHOOK_SECRET": "s3cret"})}

    assert used == {"stripe", "stripe_billing"}
