"""What is said to be never true is false of every row; generated conditions are compared with a plain reading."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition_sense import always_true, never_true


@pytest.mark.parametrize(
    "text",
    [
        "false",
        "1 = 2",
        "not true",
        "amount > 5 and amount < 3",
        "amount > 5 and amount <= 5",
        "5 < amount and not amount > 5",
        "amount between 5 and 3",
        "amount is null and amount > 5",
        "amount > -1 and amount < -2",
        "currency = 'EUR' and currency = 'USD'",
        "currency in ('EUR', 'USD') and currency = 'GBP'",
        "currency = 'EUR' and currency != 'EUR'",
        "(currency = 'EUR' or currency = 'USD') and currency = 'GBP'",
        "attributes['tier'] = 'gold' and attributes['tier'] = 'silver'",
        "occurred_at > '2026-01-01T00:00:00Z' and occurred_at < '2025-01-01T00:00:00Z'",
        "object_type = 'invoice'",
    ],
)
def test_a_condition_that_contradicts_itself_is_never_true(text: str) -> None:
    assert never_true(text, {"object_type": "order"})
    assert not always_true(text)


@pytest.mark.parametrize(
    "text",
    [
        "amount > 5 or amount < 3",
        "amount >= 5 and amount <= 5",
        "attributes['tier'] = 'gold' and attributes['level'] = 'silver'",
        "attributes['n'] = '5' and attributes['n'] < 6",
        "object_type = 'order'",
        "lower(currency) = 'eur' and currency = 'EUR'",
    ],
)
def test_a_condition_that_may_hold_is_not_called_never_true(text: str) -> None:
    assert not never_true(text, {"object_type": "order"})


@pytest.mark.parametrize("text", ["true", "1 = 1", "not false", "true or amount > 5"])
def test_a_condition_without_a_question_is_always_true(text: str) -> None:
    assert always_true(text)


Row = tuple[Decimal | None, str | None]
Tested = tuple[str, Callable[[Row], bool | None]]
ROWS: list[Row] = [
    (amount, currency)
    for amount in (None, *(Decimal(number) / 2 for number in range(-1, 9)))
    for currency in (None, "EUR", "USD", "GBP")
]


def _amounts(sign: str, number: int) -> Tested:
    compare: dict[str, Callable[[Decimal], bool]] = {
        "<": lambda amount: amount < number,
        "<=": lambda amount: amount <= number,
        ">": lambda amount: amount > number,
        ">=": lambda amount: amount >= number,
        "=": lambda amount: amount == number,
        "!=": lambda amount: amount != number,
    }
    return f"amount {sign} {number}", lambda row: None if row[0] is None else compare[sign](row[0])


def _currencies(names: list[str]) -> Tested:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"currency in ({listed})", lambda row: None if row[1] is None else row[1] in names


def _all(parts: list[Tested]) -> Tested:
    def holds(row: Row) -> bool | None:
        found = [part(row) for _, part in parts]
        return False if False in found else None if None in found else True

    return "(" + " and ".join(text for text, _ in parts) + ")", holds


def _any(parts: list[Tested]) -> Tested:
    def holds(row: Row) -> bool | None:
        found = [part(row) for _, part in parts]
        return True if True in found else None if None in found else False

    return "(" + " or ".join(text for text, _ in parts) + ")", holds


def _not(part: Tested) -> Tested:
    def holds(row: Row) -> bool | None:
        found = part[1](row)
        return None if found is None else not found

    return f"not ({part[0]})", holds


CONDITIONS: st.SearchStrategy[Tested] = st.recursive(
    st.builds(_amounts, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.integers(0, 3))
    | st.builds(_currencies, st.lists(st.sampled_from(["EUR", "USD", "GBP"]), min_size=1, max_size=2))
    | st.just(("amount is null", lambda row: row[0] is None)),
    lambda inner: (
        st.builds(_all, st.lists(inner, min_size=1, max_size=3))
        | st.builds(_any, st.lists(inner, min_size=1, max_size=3))
        | st.builds(_not, inner)
    ),
    max_leaves=8,
)


@given(CONDITIONS)
def test_what_is_said_of_a_generated_condition_is_so_of_every_row(tested: Tested) -> None:
    text, holds = tested
    if never_true(text):
        assert [row for row in ROWS if holds(row)] == []
    if always_true(text):
        assert all(holds(row) for row in ROWS)
