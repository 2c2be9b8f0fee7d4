"""Reads the contracts for the parts that apply them, and checks and shows them for the command line."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.contract_changes import changes
from collector.contract_definitions import load_contracts
from collector.contract_door import ContractDoor
from collector.contract_history import contracts_at
from collector.personal_data_key import personal_data_key
from collector.pull_definitions import load_pulls
from collector.source_definitions import load_definitions
from collector.source_names import (
    SourceUse,
    unknown_sources,
    uses_in_definitions,
    uses_in_pulls,
    uses_in_span_mappings,
)
from collector.span_mapping_config import load_correlation
from domain.contract import Contracts, EventContract
from domain.duration import write_duration
from milepost.settings import Settings
from storage.client import Store

CONTRACT_COLUMNS = ("event", "version", "owner", "object", "sources", "on_violation", "silent_after")


@dataclass(frozen=True, slots=True)
class ContractCheck:
    """What a check of contracts found, as text, and whether nothing in it breaks what was agreed."""

    text: str
    passed: bool


def open_contract_door(settings: Settings, contracts: Contracts, store: Store) -> ContractDoor:
    """What applies the contracts to events; ConfigError where personal data is hashed and there is no key."""
    given = settings.personal_data_key.get_secret_value() if settings.personal_data_key else None
    key = personal_data_key(contracts, store, given, settings.personal_data_key_file)
    return ContractDoor(contracts, key)


def configured_uses(settings: Settings) -> list[SourceUse]:
    """The sources that the configured webhooks, pulls and span mappings send as; ConfigError names every problem."""
    correlation = load_correlation(settings.correlation_path)
    return [
        *uses_in_definitions(load_definitions(settings.sources_paths).values(), os.environ),
        *uses_in_pulls(load_pulls(settings.pulls_path).values()),
        *uses_in_span_mappings(settings.correlation_path, correlation),
    ]


def check_contracts(folder: Path, against: str | None, uses: Iterable[SourceUse] = ()) -> ContractCheck:
    """Whether the contracts are right and, against a git revision, break nothing; ConfigError names every problem.

    Of `uses`, those that no contract knows are told of and break nothing.
    """
    current = load_contracts(folder)
    contracts = current.contracts
    right = f"{len(contracts.events)} event contracts in {len(current.files)} files are right"
    told = [*unknown_sources(uses, contracts), right]
    if against is None:
        return ContractCheck("\n".join(told), passed=True)
    found = changes(contracts_at(folder, against), current)
    breaking = sum(change.is_breaking for change in found)
    summary = f"{breaking} breaking and {len(found) - breaking} compatible changes since {against}"
    return ContractCheck("\n".join([*map(str, found), *told, summary]), passed=not breaking)


def contract_rows(contracts: Contracts) -> list[dict[str, Any]]:
    """Each event contract as JSON shows it, by event type; `silent_after` by source, null where nothing is agreed."""
    return [_row(contracts, contracts.events[name]) for name in sorted(contracts.events)]


def contract_cells(rows: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """The rows of `contracts list` as a table for people shows them, under CONTRACT_COLUMNS."""
    return [
        {
            **{column: str(row[column]) for column in CONTRACT_COLUMNS},
            "sources": ", ".join(
                [*row["sources"], *(f"{name}: {' or '.join(owners)}" for name, owners in row["field_sources"].items())]
            ),
            "silent_after": ", ".join(
                f"{source} {length}" if len(row["sources"]) > 1 else length
                for source, length in row["silent_after"].items()
                if length
            )
            or "-",
        }
        for row in rows
    ]


def _row(contracts: Contracts, contract: EventContract) -> dict[str, Any]:
    lengths = {
        source: contracts.silent_after(source, contract.type) or contracts.silent_after(source)
        for source in contract.sources
    }
    return {
        "event": contract.type,
        "version": contract.version,
        "owner": contract.owner,
        "object": contract.object_type,
        "sources": list(contract.sources),
        "field_sources": {name: list(owners) for name, owners in contract.field_sources.items()},
        "on_violation": contract.on_violation.value,
        "on_foreign_source": contract.on_foreign_source.value,
        "silent_after": {source: write_duration(length) if length else None for source, length in lengths.items()},
    }
