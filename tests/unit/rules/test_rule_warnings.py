"""What `rules check` warns of, each in its place, and what it keeps quiet about."""

from pathlib import Path

import pytest

from collector.contract_definitions import SHIPPED as SHIPPED_CONTRACTS
from collector.contract_definitions import load_contracts
from rules.calendars import SHIPPED as SHIPPED_CALENDARS
from rules.loader import SHIPPED
from rules.references import References, load_references
from rules.rule_warnings import warnings_in
from tests.unit.rules.test_loader import CALENDARS

CONTRACTS = load_contracts(SHIPPED_CONTRACTS).contracts
RULE = """\
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def warnings(text: str, heard: frozenset[str] | None = None) -> list[str]:
    Path("rules.yaml").write_text(text)
    return [str(warning) for warning in warnings_in([Path("rules.yaml")], References(CALENDARS, CONTRACTS), heard)]


def with_keys(keys: str) -> str:
    return RULE + "".join(f"        {line}\n" for line in keys.splitlines())


def test_the_shipped_rules_give_no_warning() -> None:
    assert warnings_in([SHIPPED], load_references(SHIPPED_CALENDARS, CONTRACTS), None) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("from: order.approved", "from: order.aproved", "5:42", "order.aproved; did you mean order.approved"),
        ("to: order.posted", "to: order.postd", "5:62", "order.postd; did you mean order.posted"),
    ],
)
def test_an_event_type_that_nobody_knows_is_told_with_near_names(old: str, new: str, place: str, words: str) -> None:
    (warning,) = warnings(RULE.replace(old, new))

    assert warning.startswith(f'rules.yaml:{place}: rule "OrderNotPosted": no contract knows the event type {words}')


@pytest.mark.usefixtures("folder")
def test_an_event_type_that_was_received_is_known() -> None:
    text = with_keys("unless: [order.parked]")

    assert len(warnings(text)) == 1
    assert "and no such event was received so far" in warnings(text, frozenset())[0]
    assert warnings(text, frozenset({"order.parked"})) == []


@pytest.mark.usefixtures("folder")
def test_without_contracts_and_history_no_type_is_doubted() -> None:
    Path("rules.yaml").write_text(RULE)

    assert warnings_in([Path("rules.yaml")], References(), None) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("keys", "place", "words"),
    [
        pytest.param(
            'where: "amount > 5 and amount < 3"', "6:16", "where is never true, so the rule never alerts", id="where"
        ),
        pytest.param(
            "where: \"type = 'order.posted'\"", "6:16", "where is never true, so the rule never alerts", id="other type"
        ),
        pytest.param(
            'overrides: [{where: "true", within: 1h}, {where: "amount > 5", within: 2h}]',
            "6:58",
            "the override never applies: overrides[0] before it always does",
            id="behind an unconditional one",
        ),
        pytest.param(
            'overrides: [{where: "amount > 5", within: 1h}, {where: "(amount  >  5)", within: 2h}]',
            "6:64",
            "the override never applies: overrides[0] before it has the same where",
            id="the same twice",
        ),
        pytest.param(
            "overrides: [{where: \"currency in ('EUR') and currency = 'USD'\", within: 1h}]",
            "6:29",
            "the override never applies: its where is never true",
            id="an override that is never true",
        ),
        pytest.param(
            "where: \"currency = 'EUR'\"\noverrides: [{where: \"currency = 'USD'\", within: 1h}]",
            "7:29",
            "the override never applies: its where is never true where the rule's is",
            id="an override beside the rule",
        ),
        pytest.param(
            "severity: [{at: 100%, level: warning}, {at: 200%, level: warning}]",
            "6:66",
            "severity is warning before this step already",
            id="a level twice",
        ),
        pytest.param(
            "severity: [{at: 100%, level: critical}, {at: 200%, level: info}]",
            "6:67",
            "severity falls from critical to info as time passes",
            id="a level that falls",
        ),
    ],
)
def test_what_can_hardly_be_meant_is_told_in_its_place(keys: str, place: str, words: str) -> None:
    assert warnings(with_keys(keys)) == [f'rules.yaml:{place}: rule "OrderNotPosted": {words}']


@pytest.mark.usefixtures("folder")
def test_conditions_that_may_hold_give_no_warning() -> None:
    keys = """\
where: "amount >= 5 and amount <= 5 or currency = 'EUR'"
overrides: [{where: "amount > 7", within: 1h}, {where: "true", within: 2h}]
severity: [{at: 100%, level: warning}, {at: 200%, level: critical}]"""

    assert warnings(with_keys(keys)) == []
