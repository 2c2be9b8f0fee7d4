"""Contracts for tests to start from, and what becomes of a request under them."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from collector.contract_definitions import TITLES, ContractFiles, ContractsConfig, join_files
from collector.contract_door import ContractDoor
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import Received
from domain.config_file import parse_file

KEY = b"a key for the tests alone"
SOURCES = "sources: [{source: crm, aliases: ['https://crm.example.com/tenant/7'], silent_after: 4h}, {source: erp}]\n"
OBJECTS = """
objects:
  - object: order
    version: 1
    owner: orders
    start: new
    transitions: {new: {order.approved: approved}, approved: {order.approved: approved}}
  - {object: customer, version: 1, owner: master_data, joins: false}
"""
EVENT = """
events:
  - event: order.approved
    version: 3
    owner: orders
    object: order
    sources: [crm]
"""
WHOLE = SOURCES + OBJECTS + EVENT


def contract_files(text: str, name: str = "orders.yaml") -> ContractFiles:
    """The contracts of one file."""
    return join_files([parse_file(text, Path(name), ContractsConfig, TITLES)])


def door_with(parts: str) -> ContractDoor:
    """A door with the contract of order.approved and some more lines of it, each indented by four."""
    return ContractDoor(contract_files(WHOLE + parts).contracts, KEY)


def applied(door: ContractDoor, received: Received) -> Received:
    """A request after the contracts were applied."""
    door.apply(received, CollectorMetrics(CollectorRegistry()))
    return received
