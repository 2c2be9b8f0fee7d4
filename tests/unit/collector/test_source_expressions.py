"""Expressions of source definitions: what is refused when they are read, and what Milepost's functions give."""

from decimal import Decimal
from typing import Any

import jmespath
import pytest
from babel.numbers import list_currencies
from hypothesis import given
from hypothesis import strategies as st
from jmespath.visitor import Options

from collector.source_expressions import EVENT_NAMES, compiler
from collector.source_functions import SourceFunctions, minor_unit_exponent
from domain.errors import InputError

compile_expression = compiler(EVENT_NAMES)


def find(text: str, event: Any, exponents: dict[str, int] | None = None) -> Any:
    options = Options(custom_functions=SourceFunctions(exponents or {}))
    return compile_expression(text).find({"event": event, "body": event, "headers": {}}, options)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "data.id",
            'is "data.id", which begins with "data"; an expression begins with event, body, headers or a function',
        ),
        ("lower(event.a, event.b)", 'is "lower(event.a, event.b)", which calls lower() with 2 arguments; it takes 1'),
        ("!event.a", 'is "!event.a", which has !a.b, which JMESPath takes for (!a).b; write !(a.b)'),
        ("", 'is ""; give a JMESPath expression, such as event.id'),
        (7, "is 7; give a JMESPath expression, such as event.id"),
    ],
    ids=["a name that is not there", "an argument too many", "not of a part", "nothing", "a number"],
)
def test_a_wrong_expression_says_what_is_wrong(text: object, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^is ") as caught:
        compile_expression(text)

    assert str(caught.value) == problem


@pytest.mark.parametrize("text", ["event.[", "event..id", "'unclosed", "event.a | ", "(event.a"])
def test_what_is_no_expression_is_refused_as_such(text: str) -> None:
    with pytest.raises(ValueError, match="which is no JMESPath expression"):
        compile_expression(text)


def test_an_unknown_function_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"calls uper\(\), which is no function; there are abs, .*upper"):
        compile_expression("uper(event.a)")


@pytest.mark.parametrize(
    "text",
    ["event.items[?price > `1`].price", "map(&name, event.items)", "event.a | [0].b", "[event.a, body.b][].c", "`1`"],
)
def test_names_inside_a_part_are_free(text: str) -> None:
    assert compile_expression(text).text == text


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (1250, "eur", "12.50"),
        (1250, "JPY", "1250"),
        (1250, "kwd", "1.250"),
        (1250, "clf", "0.1250"),
        ("2000", "usd", "20.00"),
        (-5, "usd", "-0.05"),
        (0, "usd", "0.00"),
        (Decimal("99.5"), "usd", "0.995"),
        # CLDR says that nobody writes decimals of these; vendors count in ISO 4217's hundredths.
        (1250, "all", "12.50"),
        (1250, "rsd", "12.50"),
        (1250, "iqd", "1.250"),
        (None, "usd", None),
    ],
)
def test_minor_units_become_exact_amounts(amount: Any, currency: str, expected: str | None) -> None:
    assert find("minor_units(event.a, event.c)", {"a": amount, "c": currency}) == expected


def test_a_vendors_own_count_of_minor_units_comes_first() -> None:
    assert find("minor_units(event.a, event.c)", {"a": 1250, "c": "isk"}, {"ISK": 2}) == "12.50"


@pytest.mark.parametrize(("amount", "currency"), [(1, "zzz"), (1, None), ("x", "eur"), (True, "eur"), ("1e999", "eur")])
def test_what_is_no_amount_in_minor_units_is_refused(amount: Any, currency: str | None) -> None:
    with pytest.raises(InputError, match=r"^\"minor_units\(event.a, event.c\)\": "):
        find("minor_units(event.a, event.c)", {"a": amount, "c": currency})


@given(st.integers(-(10**18), 10**18), st.sampled_from(sorted(list_currencies())))
def test_no_digit_of_minor_units_is_lost(amount: int, currency: str) -> None:
    text = find("minor_units(event.a, event.c)", {"a": amount, "c": currency})

    assert Decimal(text).scaleb(minor_unit_exponent(currency)) == amount


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ("from_seconds(event)", 1767225600, "2026-01-01T00:00:00Z"),
        ("from_seconds(event)", Decimal("1767225600.5"), "2026-01-01T00:00:00.500000Z"),
        ("from_milliseconds(event)", 1767225600001, "2026-01-01T00:00:00.001000Z"),
        ("from_milliseconds(event)", "-1", "1969-12-31T23:59:59.999000Z"),
        ("from_milliseconds(event)", None, None),
        ("parse_time(event, '%m/%d/%Y %I:%M %p')", "1/2/2026 2:11 pm", "2026-01-02T14:11:00"),
        ("split(event, '.')[-1]", "a.b.c", "c"),
        ("upper(event)", None, None),
        ("member(event, 'a')", {"a": 1}, 1),
        ("members(event)", {"a": 1, "@x": 2}, [{"name": "a", "value": 1}]),
        ("entries(event, 'k', 'v')", [{"k": "a", "v": 1}, {"v": 2}, 3], {"a": 1}),
        (
            "spread(event, 'one', event.many)",
            {"many": [1, 2]},
            [{"many": [1, 2], "one": 1}, {"many": [1, 2], "one": 2}],
        ),
        ("given(event)", {"a": None, "b": 0}, {"b": 0}),
        ("salesforce_id(event)", "8015g000000ABCD", "8015g000000ABCDAA4"),
        ("salesforce_id(event)", "8015g000000ABCDAA4", "8015g000000ABCDAA4"),
        ("to_string(event)", Decimal("1.10"), "1.10"),
        ("to_number(event)", "1.10", Decimal("1.10")),
        ("to_number(event)", "one", None),
        ("sum(event)", [Decimal("0.1"), Decimal("0.2"), 1], Decimal("1.3")),
        ("type(event)", Decimal("0.1"), "number"),
        ("starts_with(event, 'a')", None, False),
        ("contains(event, 'a')", None, False),
        ("contains(event, 'a')", ["b", "a"], True),
        ("event > `0.3`", Decimal("0.31"), True),
    ],
)
def test_functions_give_what_they_say(text: str, event: Any, expected: Any) -> None:
    assert find(text, event) == expected


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("from_seconds(event)", 10**20),
        ("from_seconds(event)", "soon"),
        ("parse_time(event, '%d.%m.%Y')", "1/2/2026"),
        ("sum(event)", ["1e99", "1e-99"]),
        ("join('/', event)", ["a", None]),
        ("merge(event, event)", 1),
    ],
)
def test_what_cannot_be_worked_out_is_an_input_error(text: str, event: Any) -> None:
    with pytest.raises(InputError) as caught:
        find(text, event)

    assert caught.value.code == "mapping_failed"


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert find("digest(event)", {"a": 1, "b": [2]}) == find("digest(event)", {"b": [2], "a": 1})


def test_a_digest_tells_contents_apart() -> None:
    assert find("digest(event)", {"a": 1}) != find("digest(event)", {"a": "1"})


NAMES = st.sampled_from("abc")
LEAVES = st.one_of(NAMES, st.sampled_from(["'text'", "`1`", "`null`", "`[1]`"]))
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(NAMES, NAMES, NAMES).map(".".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
        st.dictionaries(NAMES, inner, min_size=1).map(
            lambda some: f"{{{', '.join(f'{name}: {one}' for name, one in some.items())}}}"
        ),
        st.tuples(NAMES, inner.filter(lambda text: text[0] in "[{abc")).map(".".join),
        inner.map(lambda text: f"({text}) || a"),
    ),
    max_leaves=6,
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner)),
    max_leaves=8,
)


@given(EXPRESSIONS, VALUES)
def test_an_expression_gives_what_jmespath_gives(text: str, value: object) -> None:
    compiled = compiler(None)(text)

    assert compiled.find(value, Options()) == jmespath.compile(text).search(value, Options())
