"""Reads the contracts for the parts that apply them, and checks them for the command line."""

from dataclasses import dataclass
from pathlib import Path

from collector.contract_changes import changes
from collector.contract_definitions import load_contracts
from collector.contract_door import ContractDoor
from collector.contract_history import contracts_at
from collector.personal_data_key import personal_data_key
from domain.contract import Contracts
from milepost.settings import Settings
from storage.client import Store


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


def check_contracts(folder: Path, against: str | None) -> ContractCheck:
    """Whether the contracts are right and, against a git revision, break nothing; ConfigError names every problem."""
    current = load_contracts(folder)
    contracts = current.contracts
    right = f"{len(contracts.events)} event contracts in {len(current.files)} files are right"
    if against is None:
        return ContractCheck(right, passed=True)
    found = changes(contracts_at(folder, against), current)
    breaking = sum(change.is_breaking for change in found)
    summary = f"{breaking} breaking and {len(found) - breaking} compatible changes since {against}"
    return ContractCheck("\n".join([*map(str, found), right, summary]), passed=not breaking)
