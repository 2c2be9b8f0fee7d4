"""Conditions compiled to SQL: what they become, and what is refused."""

import contextlib

import pytest

from rules.compiler import compile_condition
from rules.condition_text import ACCEPTED


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        pytest.param(
            "amount >= 10000.50 and region in ('EMEA')",
            "ifNull(amount >= toDecimal128('10000.50', 9) AND (region = 'EMEA'), 0)",
            id="an amount is compared as a decimal",
        ),
        pytest.param(
            "attributes['tier'] = 'platinum'",
            "ifNull(if(mapContains(attributes, 'tier'), attributes['tier'], NULL) = 'platinum', 0)",
            id="an attribute the event does not have is unknown",
        ),
        pytest.param(
            "attributes['score'] > 5",
            "ifNull(toDecimal128OrNull(if(mapContains(attributes, 'score'), attributes['score'], NULL), 9)"
            " > toDecimal128('5', 9), 0)",
            id="an attribute compared with a number is read as one",
        ),
        pytest.param(
            "region not in ('EMEA', 'APAC')",
            "ifNull(NOT (region = 'EMEA' OR region = 'APAC'), 0)",
            id="an unknown value is neither in a list nor out of it",
        ),
        pytest.param(
            "amount between -1 and 1e3",
            "ifNull(amount >= -toDecimal128('1', 9) AND amount <= toDecimal128('1000', 9), 0)",
            id="between includes both ends",
        ),
        pytest.param(
            "amount > 0.1234567891",
            "ifNull(toDecimal256(amount, 9) > toDecimal256('0.1234567891', 10), 0)",
            id="a number finer than amounts is not rounded",
        ),
        pytest.param(
            "amount * 2 > 5",
            "ifNull((toDecimal256(amount, 9) * toDecimal256('2', 0)) > toDecimal256('5', 0), 0)",
            id="products are wide enough for any amount",
        ),
        pytest.param(
            "occurred_at < '2026-01-05T09:00:00Z'",
            "ifNull(occurred_at < fromUnixTimestamp64Micro(toInt64(1767603600000000), 'UTC'), 0)",
            id="an instant is compared to the microsecond",
        ),
        pytest.param("region = 'it''s'", "ifNull(region = 'it''s', 0)", id="a quote in a text stays in it"),
        pytest.param(
            "region = 'x\\\\' or currency = ' or 1=1 -- '",
            "ifNull(region = 'x\\\\' OR currency = ' or 1=1 -- ', 0)",
            id="a backslash does not end a text late",
        ),
        pytest.param("type = 'a' -- and 1 = 2", "ifNull(type = 'a', 0)", id="a comment is left out"),
        pytest.param("region NOT LIKE 'E%'", "ifNull(NOT (region LIKE 'E%'), 0)", id="not like"),
        pytest.param("region is not null", "ifNull(NOT (region IS NULL), 0)", id="is not null"),
        pytest.param(
            "startsWith(lower(source), 'erp') or not length(object_id) > 3",
            "ifNull(startsWith(lowerUTF8(source), 'erp')"
            " OR NOT (toDecimal256(lengthUTF8(object_id), 0) > toDecimal256('3', 0)), 0)",
            id="functions of text",
        ),
        pytest.param(
            "coalesce(region, 'none') = 'none'", "ifNull(coalesce(region, 'none') = 'none', 0)", id="coalesce of texts"
        ),
    ],
)
def test_conditions_become_sql_made_anew(text: str, sql: str) -> None:
    assert compile_condition(text).sql == sql


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "is empty; give a condition such as amount >= 10000", id="nothing"),
        pytest.param(
            "1=1) or (select 1",
            f'cannot be read at column 4, near ")"; accepted: {ACCEPTED}',
            id="a bracket closed early",
        ),
        pytest.param("1=1; drop table events", "must be one condition, without semicolons", id="a second statement"),
        pytest.param("amount > (select 1)", f"(SELECT 1) is not allowed; accepted: {ACCEPTED}", id="a subquery"),
        pytest.param(
            "region in (select 1)",
            f"region IN (SELECT 1) is not allowed; accepted: {ACCEPTED}",
            id="a subquery in a list",
        ),
        pytest.param("exists(select 1)", f"EXISTS(SELECT 1) is not allowed; accepted: {ACCEPTED}", id="exists"),
        pytest.param("sleep(3) = 0", f"sleep(3) is not allowed; accepted: {ACCEPTED}", id="another function"),
        pytest.param(
            "file('/etc/passwd') = ''",
            f"file('/etc/passwd') is not allowed; accepted: {ACCEPTED}",
            id="a table function",
        ),
        pytest.param(
            "arrayExists(x -> x, [1])", f"arrayExists(x -> x, [1]) is not allowed; accepted: {ACCEPTED}", id="a lambda"
        ),
        pytest.param(
            "amount::String = '1'", f"CAST(amount AS String) is not allowed; accepted: {ACCEPTED}", id="a cast"
        ),
        pytest.param("amount > {x:Int32}", f"{{x: Int32}} is not allowed; accepted: {ACCEPTED}", id="a parameter"),
        pytest.param("set x = 1", f"SET x = 1 is not allowed; accepted: {ACCEPTED}", id="another statement"),
        pytest.param(
            "region = 'x' settings max_threads = 1",
            f'cannot be read at column 21, near "settings"; accepted: {ACCEPTED}',
            id="a setting",
        ),
        pytest.param(
            "amont > 5",
            f"amont at column 1 is not a column; did you mean amount? accepted: {ACCEPTED}",
            id="a column misspelt",
        ),
        pytest.param(
            'region = "EMEA"',
            "\"EMEA\" is not a column; a text stands in single quotes, such as 'EMEA'",
            id="a text in double quotes",
        ),
        pytest.param(
            "attributes.tier = 'x'",
            "attributes.tier is not a column; write attributes['tier']",
            id="an attribute with a dot",
        ),
        pytest.param(
            "attributes[1] = 'x'", "attributes[1] is not allowed; write attributes['key']", id="an attribute by number"
        ),
        pytest.param("events.amount > 1", f"events.amount is not allowed; accepted: {ACCEPTED}", id="a table's column"),
        pytest.param("amount > 'x'", "amount > 'x' compares a number with a text", id="a number with a text"),
        pytest.param("region > 5", "region > 5 compares a text with a number", id="a text with a number"),
        pytest.param(
            "lower(amount) = 'x'",
            "lower(amount) takes a text, and amount is a number",
            id="a text function on a number",
        ),
        pytest.param("region + 1 = 2", "region + 1 takes numbers, and region is a text", id="a sum with a text"),
        pytest.param("amount", "amount is a value, not a condition; compare it with something", id="a value alone"),
        pytest.param("amount = null", f"NULL is not allowed; accepted: {ACCEPTED}", id="compared with null"),
        pytest.param(
            "occurred_at > '2026-01-05'",
            "'2026-01-05' has no time zone; give RFC 3339, such as 2026-11-02T09:30:00Z",
            id="an instant without a zone",
        ),
        pytest.param(
            "region like lower('X')",
            "region LIKE lower('X') needs a pattern in quotes, such as 'DE%'",
            id="a pattern made up",
        ),
        pytest.param(
            "amount * amount * amount > 1",
            "amount * amount * amount can have more than 76 digits; multiply or divide less",
            id="a product no decimal holds",
        ),
        pytest.param("amount > 1e400", "1e400 has more than 76 digits", id="a number no decimal holds"),
        pytest.param(
            "(" * 10_000 + "1=1" + ")" * 10_000,
            "is 20003 characters long; 4000 are the most",
            id="ten thousand brackets",
        ),
        pytest.param("(" * 45 + "1=1" + ")" * 45, "has brackets more than 40 deep", id="forty-five brackets"),
        pytest.param("not " * 900 + "1=1", "has 903 words and signs; 500 are the most", id="nine hundred nots"),
        pytest.param(
            "region = 'x",
            f"cannot be read, a quote or bracket may be missing; accepted: {ACCEPTED}",
            id="a quote left open",
        ),
    ],
)
def test_what_is_not_allowed_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"(?s).*") as refusal:
        compile_condition(text)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("not " * 490 + "1=1", id="not after not"),
        pytest.param("1" + " - 1" * 240 + " = 1", id="a long sum"),
        pytest.param("abs(" * 39 + "1" + ")" * 39 + " = 1", id="brackets as deep as they may be"),
    ],
)
def test_long_conditions_within_bounds_do_not_exhaust_the_stack(text: str) -> None:
    with contextlib.suppress(ValueError):
        compile_condition(text)


def test_a_chain_of_a_hundred_alternatives_is_fine() -> None:
    assert compile_condition("1 = 1" + " or 1 = 1" * 99).sql.count(" OR ") == 99
