"""A folder with one rule and its tests, and what the console works on it with."""

from pathlib import Path

from collector.contract_definitions import SHIPPED as SHIPPED_CONTRACTS
from collector.contract_definitions import load_contracts
from dashboard.rule_files import RuleFiles
from rules.loader import load_rules
from rules.references import load_references

CALENDARS = Path(__file__).parents[3] / "rules" / "calendars.yaml"
RULES = """# What orders owe.
groups:
  - name: orders
    rules:
      # Four hours are a working day's half.
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
        labels: {team: orders}

      - alert: OrderNotFulfilled
        milestone: {object: order, from: order.posted, to: order.fulfilled, within: 80h}
"""
TESTS = """- name: an order that is not posted fires
  events: [{at: 0m, type: order.approved, object: order/O-1}, {at: 1h, type: order.approved, object: order/O-2}]
  expect:
    - {at: 1h, firing: []}
    - {at: 4h30m, firing: [OrderNotPosted]}
- name: an order that is not fulfilled fires
  events: [{at: 0m, type: order.posted, object: order/O-1}]
  expect:
    - {at: 79h, firing: []}
    - {at: 81h, firing: [OrderNotFulfilled]}
"""


def write_rules(folder: Path) -> Path:
    """The folder, with the rules and their tests in it."""
    folder.mkdir(parents=True)
    (folder / "orders.yaml").write_text(RULES, encoding="utf-8")
    (folder / "orders_test.yaml").write_text(TESTS, encoding="utf-8")
    return folder


def rule_files(shipped: Path, own: Path | None) -> RuleFiles:
    """Rules of the shipped folder until there is one of the user's own."""
    contracts = load_contracts(SHIPPED_CONTRACTS).contracts

    def folder() -> Path:
        return own if own and own.exists() else shipped

    return RuleFiles(
        folder=folder,
        own=own,
        calendars=lambda: CALENDARS,
        contracts=contracts,
        interventions={},
        kpis=None,
        running=lambda: load_rules([folder()], load_references(CALENDARS, contracts)),
        refused=lambda: None,
    )
