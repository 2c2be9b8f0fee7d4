"""What rules mean in words."""

from pathlib import Path

import pytest

from collector.contract_definitions import SHIPPED as SHIPPED_CONTRACTS
from collector.contract_definitions import load_contracts
from rules.loader import SHIPPED, load_rules
from rules.references import References, load_references
from rules.rule_words import words_of

CALENDARS = Path("rules/calendars.yaml")


@pytest.fixture(scope="module")
def references() -> References:
    """What the shipped rules refer to."""
    return load_references(CALENDARS, load_contracts(SHIPPED_CONTRACTS).contracts)


def _words(tmp_path: Path, references: References, rule: str) -> list[str]:
    path = tmp_path / "rules.yaml"
    path.write_text(f"groups: [{{name: tried, rules: [{rule}]}}]", encoding="utf-8")
    return words_of(load_rules([path], references)[0])


def test_every_shipped_rule_is_said_in_words_of_its_kind(references: References) -> None:
    said = {rule.name: words_of(rule) for rule in load_rules([SHIPPED], references)}

    assert [name for name, words in said.items() if words[0].startswith("A rule of kind")] == []
    assert [sentence for words in said.values() for sentence in words if not sentence.endswith(".")] == []
    assert [sentence for words in said.values() for sentence in words if "Fraction(" in sentence] == []


def test_a_milestone_rule_says_all_that_it_judges_by(tmp_path: Path, references: References) -> None:
    rule = (
        "{alert: OrderNotPosted, milestone: {object: order, from: order.approved, to: order.posted, within: 4h, "
        'pairing: each}, where: "region in (\'EMEA\')", overrides: [{where: "amount > 5", within: 1h}], '
        "calendar: de_business, pause: {from: credit.hold_applied, until: credit.hold_released}, skew: 2m, "
        "unless: [order.cancelled], at_risk: 75%, severity: [{at: 100%, level: warning}, {at: 200%, level: critical}], "
        "close: {no_later_than: period_end}}"
    ).replace(", pairing: each}", "}")

    assert _words(tmp_path, references, rule) == [
        "After order.approved, every order must reach order.posted within 4 h, counted in the open hours of "
        "de_business; exactly at the deadline is in time.",
        "Where amount > 5, it is 1 h.",
        "The time from credit.hold_applied until credit.hold_released does not count.",
        "Clocks that disagree by up to 2 min are forgiven.",
        "It is at risk from 75% of the time on.",
        "It must be met before the cutoff of its accounting period, too.",
        "Only where region in ('EMEA').",
        "order.cancelled ends it.",
        "An alert is warning from 100% of the time on and critical from 200% of the time on.",
    ]


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        (
            "{alert: A, sequence: {object: order, event: invoice.issued, requires: order.fulfilled}}",
            "No order may have invoice.issued without order.fulfilled at or before it.",
        ),
        (
            "{alert: A, duplicate: {object: order, event: invoice.issued, count: 2}}",
            "No order may have invoice.issued 2 times.",
        ),
        (
            "{alert: A, absence: {event: order.created, for: 4h, per: [source]}}",
            "order.created may not stay away for longer than 4 h, for each source.",
        ),
    ],
)
def test_other_kinds_say_what_must_hold(tmp_path: Path, references: References, rule: str, first: str) -> None:
    assert _words(tmp_path, references, rule)[0] == first
