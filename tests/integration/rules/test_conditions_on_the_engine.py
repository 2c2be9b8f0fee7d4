"""Compiled conditions on the real engine: three-valued logic, exact amounts, and no row that makes it fail."""

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.business_object import BusinessObject
from domain.milestone import Facts, Milestone
from rules.compiler import compile_condition
from storage.client import Store
from storage.milestones import true_conditions
from tests.builders import NOW

ORDER = BusinessObject("order", "O-1")
LARGEST = Decimal("9" * 29 + "." + "9" * 9)


def holds(store: Store, condition: str, **facts: Any) -> bool:
    milestone = Milestone("order.approved", NOW, NOW, "crm", "1", correlation_id=None, facts=Facts(**facts))
    sql = {condition: compile_condition(condition).sql}
    return true_conditions(store, sql, [(ORDER, milestone)]) == [frozenset({condition})]


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        pytest.param("amount >= 0.1 + 0.2", {"amount": Decimal("0.3")}, True, id="decimals add up"),
        pytest.param(
            "amount > 10000.000000001", {"amount": Decimal("10000.000000001")}, False, id="equal is not greater"
        ),
        pytest.param("amount > 10000.0000000001", {"amount": Decimal("10000")}, False, id="finer than any amount"),
        pytest.param(
            "amount < 10000.0000000001", {"amount": Decimal("10000")}, True, id="finer than any amount, from below"
        ),
        pytest.param("amount >= 10", {}, False, id="an unknown amount is not large"),
        pytest.param("not amount >= 10", {}, False, id="nor is it not large"),
        pytest.param("amount is null", {}, True, id="it is unknown"),
        pytest.param("amount is not null", {"amount": Decimal(0)}, True, id="zero is known"),
        pytest.param("region not in ('EMEA')", {}, False, id="an unknown region is not outside"),
        pytest.param("region not in ('EMEA')", {"region": "APAC"}, True, id="another region is outside"),
        pytest.param(
            "region = 'EMEA' or amount > 1", {"amount": Decimal(2)}, True, id="one known truth is enough for or"
        ),
        pytest.param("region = 'EMEA' and amount > 1", {"amount": Decimal(2)}, False, id="and needs both"),
        pytest.param("attributes['tier'] != 'gold'", {"attributes": {}}, False, id="a missing attribute is unknown"),
        pytest.param("attributes['tier'] is null", {"attributes": {"tier": ""}}, False, id="an empty one is known"),
        pytest.param(
            "attributes['n'] > 5", {"attributes": {"n": "10"}}, True, id="an attribute as a number, not as text"
        ),
        pytest.param("attributes['n'] > 5", {"attributes": {"n": "ten"}}, False, id="an attribute that is no number"),
        pytest.param(
            "attributes['it''s'] = 'a\\\\b'", {"attributes": {"it's": "a\\b"}}, True, id="signs with a meaning in SQL"
        ),
        pytest.param("amount / 3 > 3.333333333", {"amount": Decimal(10)}, True, id="a quotient"),
        pytest.param("amount / (amount - amount) > 0", {"amount": Decimal(1)}, False, id="divided by zero is unknown"),
        pytest.param("1 / amount > 0", {}, False, id="divided by the unknown"),
        pytest.param("amount * amount > 1", {"amount": LARGEST}, True, id="the square of the largest amount"),
        pytest.param("amount / 0.000000001 > 1", {"amount": LARGEST}, True, id="the largest quotient"),
        pytest.param("abs(amount) = -amount", {"amount": LARGEST.copy_negate()}, True, id="the lowest amount"),
        pytest.param("lower(region) = 'süd'", {"region": "SÜD"}, True, id="letters beyond ASCII"),
        pytest.param("length(region) = 3", {"region": "Süd"}, True, id="length in characters"),
        pytest.param("region like 'E\\\\_%'", {"region": "E_1"}, True, id="an escaped sign in a pattern"),
        pytest.param("region ilike 'em%'", {"region": "EMEA"}, True, id="a pattern whatever the case"),
        pytest.param("occurred_at <= '2999-01-01T00:00:00Z'", {}, True, id="an instant"),
        pytest.param(
            "source = 'crm' and object_type = 'order' and type = 'order.approved'", {}, True, id="what is always known"
        ),
        pytest.param("correlation_id is null", {}, True, id="a run that is not known"),
        pytest.param("true and not false", {}, True, id="plain truths"),
    ],
)
def test_conditions_hold_as_they_read(
    embedded_store: Store, condition: str, facts: dict[str, Any], expected: bool
) -> None:
    assert holds(embedded_store, condition, **facts) is expected


NUMBERS = st.recursive(
    st.sampled_from(
        [
            "amount",
            "0",
            "1",
            "2.5",
            "-3",
            "0.000000001",
            "99999999999999999999999999999",
            "attributes['n']",
            "length(region)",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"abs({part})"),
        inner.map(lambda part: f"coalesce(amount, {part})"),
    ),
    max_leaves=5,
)
TEXTS = st.one_of(
    st.sampled_from(["region", "currency", "attributes['tier']", "lower(region)", "coalesce(region, legal_entity)"]),
    st.text(st.characters(codec="utf-8"), max_size=6).map(
        lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    ),
)
COMPARISONS = st.one_of(
    st.tuples(NUMBERS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), NUMBERS).map(" ".join),
    st.tuples(TEXTS, st.sampled_from(["=", "!=", "<", ">="]), TEXTS).map(" ".join),
    st.tuples(TEXTS, TEXTS).map(lambda pair: f"startsWith({pair[0]}, {pair[1]})"),
    NUMBERS.map(lambda number: f"{number} is not null"),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=4,
)
FACTS = st.builds(
    Facts,
    amount=st.sampled_from([None, Decimal(0), Decimal("-0.000000001"), LARGEST, LARGEST.copy_negate()]),
    currency=st.sampled_from([None, "EUR"]),
    legal_entity=st.sampled_from([None, "DE01"]),
    region=st.sampled_from([None, "", "EMEA"]),
    attributes=st.sampled_from([{}, {"n": "7"}, {"n": "1e28", "tier": "gold"}, {"n": "x"}]),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CONDITIONS, min_size=1, max_size=8), st.lists(FACTS, min_size=1, max_size=4))
def test_no_row_makes_a_condition_fail(embedded_store: Store, conditions: list[str], facts: list[Facts]) -> None:
    compiled = {}
    for text in conditions:
        # What no decimal can hold is refused early, which is as good as run well.
        with contextlib.suppress(ValueError):
            compiled[text] = compile_condition(text).sql
    rows = [(ORDER, Milestone("order.approved", NOW, NOW, "crm", "1", facts=fact)) for fact in facts]
    assert len(true_conditions(embedded_store, compiled, rows)) == len(rows)
