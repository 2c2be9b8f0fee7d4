"""Reconciliations and authority in rule files: what they become, and every way in which they can be wrong."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from collector.contract_definitions import SHIPPED as SHIPPED_CONTRACTS
from collector.contract_definitions import load_contracts
from domain.authority_rule import AuthorityRule
from domain.contract import Contracts
from domain.errors import ConfigError
from domain.reconcile_rule import ReconcileRule, Side
from domain.rule import Rule
from rules.loader import load_rules
from rules.references import References
from rules.rule_warnings import warnings_in

CONTRACTS = load_contracts(SHIPPED_CONTRACTS).contracts
AMOUNTS = "reconcile: {object: order, left: order.approved, right: invoice.posted, on: amount"


def load(folder: Path, kind: str, contracts: Contracts = CONTRACTS) -> Rule:
    """The rule of that kind, in a file of its own."""
    (folder / "rules.yaml").write_text(f"groups:\n- name: orders\n  rules:\n  - alert: Wrong\n    {kind}\n")
    (rule,) = load_rules([folder / "rules.yaml"], References(contracts=contracts))
    return rule


def test_a_sum_with_tolerance_in_one_line(tmp_path: Path) -> None:
    tolerance = '{absolute: "1.00", relative: 0.5%}'
    rule = load(tmp_path, f"{AMOUNTS}, sum: right, less: credit_note.posted, tolerance: {tolerance}, settle: 4h}}")
    assert isinstance(rule, ReconcileRule)
    assert (rule.left, rule.right) == (
        Side(("order.approved",), None, "order.approved"),
        Side(("invoice.posted",), None, "invoice.posted"),
    )
    assert (rule.on, rule.sums, rule.less) == (("amount",), True, ("credit_note.posted",))
    assert (rule.absolute, rule.relative, rule.settle) == (Decimal("1.00"), Fraction(1, 200), timedelta(hours=4))


def test_sides_by_source_take_all_events_that_contracts_name_for_the_object(tmp_path: Path) -> None:
    kind = "reconcile: {object: customer, left: {source: salesforce}, right: {source: billing}, on: [tax_id, region]}"
    rule = load(tmp_path, f"{kind}\n    unless: [customer.merged]")
    assert isinstance(rule, ReconcileRule)
    types = ("customer.changed", "customer.created", "customer.updated")
    # Stored are events under the name that contracts call a source by.
    assert rule.left == Side(types, "crm", "salesforce")
    assert rule.right == Side(types, "billing", "billing")
    assert rule.on == ("attributes.tax_id", "region")


def test_the_owners_are_those_of_the_contracts_and_make_the_version(tmp_path: Path) -> None:
    rule = load(tmp_path, "authority: {object: customer, field: tax_id}")
    assert isinstance(rule, AuthorityRule)
    assert rule.owners == {
        "customer.changed": ("erp",),
        "customer.created": ("crm",),
        "customer.merged": ("crm",),
        "customer.updated": ("erp",),
    }
    updated = replace(CONTRACTS.events["customer.updated"], field_sources={})
    others = replace(CONTRACTS, events={**CONTRACTS.events, "customer.updated": updated})
    assert load(tmp_path, "authority: {object: customer, field: tax_id}", others).version != rule.version
    whole = load(tmp_path, "authority: {object: customer, event: customer.updated}")
    assert isinstance(whole, AuthorityRule)
    assert whole.owners == {"customer.updated": ("crm", "erp"), "customer.changed": ("crm", "erp")}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param(
            "reconcile: {object: order, left: order.approved, right: order.approved, on: amount}",
            '5:61: rule "Wrong": reconcile: left and right both take order.approved of any source; name other event '
            "types, or a source for each side",
            id="one event on both sides",
        ),
        pytest.param(
            "reconcile: {object: order, left: {}, right: invoice.posted, on: amount}",
            '5:38: rule "Wrong": reconcile.left: says nothing; give an event type, such as order.approved, a source, '
            "or both",
            id="an empty side",
        ),
        pytest.param(
            f"{AMOUNTS}, less: [credit_note.posted]}}",
            '5:16: rule "Wrong": reconcile: less is taken off a sum, and there is none; give sum: right',
            id="less of no sum",
        ),
        pytest.param(
            "reconcile: {object: order, left: order.approved, right: invoice.posted, on: [amount, price], sum: right}",
            '5:16: rule "Wrong": reconcile: sum adds amounts, and on names attributes.price as well; give that a rule '
            "of its own",
            id="a sum of texts",
        ),
        pytest.param(
            "reconcile: {object: order, left: order.approved, right: invoice.posted, on: tax_id, "
            "tolerance: {relative: 1%}}",
            '5:16: rule "Wrong": reconcile: tolerance is of amounts and numbers, and on names no amount; remove it, or '
            "give numbers",
            id="a tolerance of texts",
        ),
        pytest.param(
            f"{AMOUNTS}, tolerance: {{absolute: 1.5}}}}",
            '5:111: rule "Wrong": reconcile.tolerance.absolute is 1.5; give a decimal such as "12500.00", at most 29 '
            "digits before and 9 after the point, in quotes, zero or more",
            id="an amount that lost its digits",
        ),
        pytest.param(
            f"{AMOUNTS}}}\n    unless: [invoice.posted]",
            '4:5: rule "Wrong": unless names "invoice.posted", which the rule itself compares',
            id="unless names a side",
        ),
        pytest.param(
            f"{AMOUNTS}}}\n    pairing: each",
            '4:5: rule "Wrong": pairing says nothing under a rule of this kind; accepted beside it: alert, '
            "annotations, calendar, intervention, labels, severity, unless, where",
            id="a key of another kind",
        ),
        pytest.param(
            "authority: {object: order}\n    annotations: {summary: '{left}'}",
            '4:5: rule "Wrong": annotations: nothing fills in {left} under a rule of this kind; remove it',
            id="a placeholder of another kind",
        ),
        pytest.param(
            "authority: {object: gadget}",
            '5:25: rule "Wrong": authority: no contract has events of "gadget"; give one of contract, customer, '
            "forecast, invoice, opportunity, order, payment, quote",
            id="an object without contracts",
        ),
        pytest.param(
            "authority: {object: order, event: order.postd}",
            '5:39: rule "Wrong": authority: no contract of order says who may state "order.postd"; did you mean '
            '"order.posted"?',
            id="an event without a contract",
        ),
    ],
)
def test_one_thing_wrong_is_one_problem(tmp_path: Path, kind: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, kind)
    assert [str(problem) for problem in raised.value.problems] == [f"{tmp_path / 'rules.yaml'}:{message}"]


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        pytest.param(
            "reconcile: {object: order, left: order.aproved, right: invoice.posted, on: amount}",
            [
                '5:38: rule "Wrong": no contract knows the event type order.aproved; did you mean order.approved or '
                "order.posted or quote.approved?"
            ],
            id="an event type that nobody knows",
        ),
        pytest.param(
            "reconcile: {object: ordr, left: order.approved, right: invoice.posted, on: amount}",
            ['5:25: rule "Wrong": no contract knows the object type "ordr"; did you mean order?'],
            id="an object type that nobody knows",
        ),
        pytest.param(
            "reconcile: {object: customer, left: {source: crm}, right: {source: billing}, on: [tax_id, taxid]}",
            ['5:95: rule "Wrong": no contract of these events names the attribute "taxid"; did you mean tax_id?'],
            id="an attribute that nobody knows",
        ),
        pytest.param(
            "authority: {object: customer, field: taxid}",
            ['5:42: rule "Wrong": no contract of these events names the attribute "taxid"; did you mean tax_id?'],
            id="a field that nobody knows",
        ),
    ],
)
def test_what_can_hardly_be_meant_is_a_warning(tmp_path: Path, kind: str, messages: list[str]) -> None:
    load(tmp_path, kind)
    found = warnings_in([tmp_path / "rules.yaml"], References(contracts=CONTRACTS), None)
    assert [str(one) for one in found] == [f"{tmp_path / 'rules.yaml'}:{message}" for message in messages]
