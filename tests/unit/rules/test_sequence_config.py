"""Sequences and repetitions in rule files: what they become, and every way in which they can be wrong."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from domain.alike_rule import AlikeRule
from domain.contract import Contracts, EventContract, ObjectContract, StateMachine
from domain.errors import ConfigError
from domain.repeat_rule import RepeatRule
from domain.rule import Rule, SequenceRule
from domain.sequence_rule import LegalRule, NotBeforeRule, NotWhileRule
from rules.loader import load_rules
from rules.references import References

MACHINE = StateMachine("new", {"new": {"order.posted": "posted", "order.cancelled": "gone"}, "posted": {}, "gone": {}})
CONTRACTS = Contracts(
    objects={
        "order": ObjectContract("order", 1, "order_management", True, MACHINE),
        "product": ObjectContract("product", 1, "master_data", False, None),
    },
    events={
        name: EventContract(name, 1, "master_data", "customer", ("crm",))
        for name in ("customer.created", "customer.updated", "customer.merged")
    },
)


def load(folder: Path, kind: str, contracts: Contracts = CONTRACTS) -> Rule:
    """The rule of that kind, in a file of its own."""
    (folder / "rules.yaml").write_text(
        f"groups:\n- name: orders\n  rules:\n  - alert: Wrong\n    {kind}\n    severity: critical\n"
    )
    (rule,) = load_rules([folder / "rules.yaml"], References(contracts=contracts))
    return rule


@pytest.mark.parametrize(
    ("kind", "type_", "judged"),
    [
        pytest.param(
            "sequence: {object: order, event: order.posted, requires: order.approved}",
            SequenceRule,
            {"event_type": "order.posted", "requires": "order.approved"},
            id="requires",
        ),
        pytest.param(
            "sequence: {object: order, event: order.posted, not_before: order.approved}",
            NotBeforeRule,
            {"event_type": "order.posted", "not_before": "order.approved"},
            id="not_before",
        ),
        pytest.param(
            "sequence: {object: order, event: order.posted, not_while: {from: held, until: released}}",
            NotWhileRule,
            {"event_type": "order.posted", "from_type": "held", "until_type": "released"},
            id="not_while",
        ),
        pytest.param("sequence: {object: order, legal: contract}", LegalRule, {"machine": MACHINE}, id="legal"),
        pytest.param(
            "duplicate: {object: order, event: order.posted, count: 3, within: 2d}",
            RepeatRule,
            {"event_type": "order.posted", "count": 3, "within": timedelta(days=2)},
            id="count",
        ),
    ],
)
def test_each_form_is_read_whole(tmp_path: Path, kind: str, type_: type[Any], judged: dict[str, object]) -> None:
    rule = load(tmp_path, f"{kind}\n    unless: [order.forgotten]\n    where: amount > 1")
    plain = {"group": "orders", "name": "Wrong", "object_type": "order", "where": "amount > 1", "level": "critical"}
    assert rule == type_(**plain, **judged, unless=("order.forgotten",), version=rule.version)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param(
            "sequence: {object: order, event: order.posted}",
            "sequence: does not say what must hold; give one of requires, not_before, not_while, legal",
            id="no form",
        ),
        pytest.param(
            "sequence: {object: order, event: order.posted, requires: a, legal: contract}",
            "sequence: has requires and legal; give one of requires, not_before, not_while, legal",
            id="two forms",
        ),
        pytest.param(
            "sequence: {object: order, event: order.posted, legal: contract}",
            "sequence: event says nothing beside legal, which is about all transitions; remove it",
            id="legal of one event",
        ),
        pytest.param(
            "sequence: {object: order, requires: a}",
            "sequence: event is missing; name what must not come against requires",
            id="no event",
        ),
        pytest.param(
            "sequence: {object: order, event: a, not_while: {from: a, until: b}}",
            'sequence: event and not_while both name "a"; name two event types',
            id="the event is its own bound",
        ),
        pytest.param(
            "sequence: {object: order, event: a, not_while: {from: b, until: b}}",
            'sequence.not_while: from and until are both "b"; such a stretch ends where it begins',
            id="a stretch of nothing",
        ),
        pytest.param(
            "sequence: {object: order, legal: law}",
            "sequence.legal is \"law\"; give 'contract'",
            id="legal by something else",
        ),
        pytest.param(
            "sequence: {object: product, legal: contract}",
            'sequence: no contract says which transitions of "product" are legal; give one of order',
            id="an object without a state machine",
        ),
        pytest.param(
            "sequence: {object: order, event: a, requires: b}\n    unless: [a]",
            'unless names "a", which the sequence itself is about',
            id="unless the event",
        ),
        pytest.param(
            "sequence: {object: order, event: a, requires: b}\n    calendar: de",
            "calendar says nothing under a rule of this kind; accepted beside it: "
            "alert, annotations, intervention, labels, severity, unless, where",
            id="a calendar",
        ),
        pytest.param(
            "duplicate: {object: order, event: a, count: 1}",
            "duplicate.count is 1; input should be greater than or equal to 2",
            id="the first one is no duplicate",
        ),
        pytest.param(
            "duplicate: {object: order, event: a, count: 2, within: 0s}",
            "duplicate.within is 0s; give a duration above zero, such as 4h",
            id="within no time",
        ),
        pytest.param(
            "duplicate: {object: order, event: a, count: 2}\n    unless: [a]",
            'unless names "a", which the rule itself is about',
            id="unless it is repeated",
        ),
        pytest.param(
            "duplicate: {object: order}",
            "duplicate: has neither event nor alike; give event with count, or alike",
            id="neither form",
        ),
        pytest.param(
            "duplicate: {object: customer, event: a, alike: [name]}",
            "duplicate: has event and alike; give event with count, or alike",
            id="both forms",
        ),
        pytest.param(
            "duplicate: {object: order, event: a}",
            "duplicate: count is missing; give the number of the event that is one too many, such as 2",
            id="no count",
        ),
        pytest.param(
            "duplicate: {object: customer, alike: [name], within: 1d}",
            "duplicate: within says nothing beside alike; remove it",
            id="alike within a time",
        ),
        pytest.param(
            "duplicate: {object: order, event: a, count: 2, at_least: 90%}",
            "duplicate: at_least says nothing beside event; remove it",
            id="events that are like others",
        ),
        pytest.param(
            "duplicate: {object: customer, alike: [phone]}",
            "duplicate.alike[0] is \"phone\"; give 'name', 'tax_id' or 'email'",
            id="alike in something else",
        ),
        pytest.param(
            "duplicate: {object: customer, alike: [name], at_least: 50%}",
            "duplicate.at_least is 50%; give at least 70% and at most 100%",
            id="half alike",
        ),
        pytest.param(
            "duplicate: {object: customer, alike: [email], at_least: 90%}",
            "duplicate: at_least is about names, and alike does not list name; remove it",
            id="a share without names",
        ),
        pytest.param(
            "duplicate: {object: customer, alike: [email], tax_ids_may_differ: true}",
            "duplicate: tax_ids_may_differ says nothing where alike does not list tax_id; remove it",
            id="tax ids that are not compared",
        ),
        pytest.param(
            "duplicate: {object: customer, alike: [name]}\n    where: amount > 1",
            "where says nothing beside alike, which compares objects and not events; remove it",
            id="alike where",
        ),
        pytest.param(
            "duplicate: {object: vendor, alike: [name]}",
            'duplicate: no contract has events of "vendor"; say in described_by which event types state its name',
            id="objects that nothing describes",
        ),
    ],
)
def test_one_thing_wrong_is_one_problem(tmp_path: Path, kind: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(tmp_path, kind)
    (problem,) = refusal.value.problems
    assert problem.line in (4, 5)
    assert problem.message == f'rule "Wrong": {message}'


def test_objects_that_are_alike_are_described_by_what_the_contracts_say(tmp_path: Path) -> None:
    kind = "duplicate: {object: customer, alike: [name, tax_id, email]}\n    unless: [customer.merged]"
    rule = load(tmp_path, kind)
    assert rule == AlikeRule(
        group="orders",
        name="Wrong",
        version=rule.version,
        object_type="customer",
        attributes=("email", "name", "tax_id"),
        described_by=("customer.created", "customer.updated"),
        at_least=Fraction(9, 10),
        unless=("customer.merged",),
        level="critical",
    )


def test_objects_that_are_alike_are_described_by_what_the_rule_says(tmp_path: Path) -> None:
    rule = load(
        tmp_path,
        "duplicate: {object: vendor, alike: [name, tax_id], described_by: [vendor.stated], at_least: 95%, "
        "tax_ids_may_differ: true}",
    )
    assert isinstance(rule, AlikeRule)
    assert (rule.described_by, rule.at_least, rule.tax_ids_may_differ) == (("vendor.stated",), Fraction(95, 100), True)


def test_without_any_machine_no_object_can_be_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give none: no contract has transitions"):
        load(tmp_path, "sequence: {object: order, legal: contract}", Contracts())


def test_the_version_is_that_of_the_transitions_and_not_of_how_they_are_written(tmp_path: Path) -> None:
    kind = "sequence: {object: order, legal: contract}"
    turned = {
        state: dict(reversed(list(legal.items()))) for state, legal in reversed(list(MACHINE.transitions.items()))
    }
    other = {**MACHINE.transitions, "posted": {"order.cancelled": "gone"}}
    versions = [
        load(
            tmp_path, kind, Contracts(objects={"order": ObjectContract("order", 1, "x", True, StateMachine("new", to))})
        )
        for to in (MACHINE.transitions, turned, other)
    ]
    assert versions[0].version == versions[1].version != versions[2].version
