"""Conditions made of any fragments of SQL: refused with a reason, or a pure expression over the columns there are."""

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from domain.business_object import BusinessObject
from domain.milestone import Facts, Milestone
from rules.compiler import compile_condition
from rules.condition_text import COLUMNS, DIALECT
from storage.client import Store
from storage.milestones import true_conditions
from tests.builders import NOW

FRAGMENTS = [
    *COLUMNS,
    "attributes['tier']",
    "attributes",
    "'x'",
    "'it''s'",
    "'\\\\'",
    "'\\'",
    '"region"',
    "`region`",
    "5",
    "-1.5",
    "1e300",
    "0x1F",
    "=",
    "!=",
    ">=",
    "<=>",
    "and",
    "or",
    "not",
    "in",
    "between",
    "like",
    "is null",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "--",
    "/*",
    "*/",
    "#",
    "||",
    "::",
    "->",
    ".",
    "?",
    "@",
    "url('http://127.0.0.1/')",
    "file('/etc/passwd')",
    "dictGet('d', 'a', 1)",
    "sleep(3)",
    "system.tables",
    "(select 1)",
    "exists(select 1 from events)",
    "union all select 1",
    "arrayMap(x -> x, [1])",
    "arrayExists(x -> sleep(1), [1])",
    "lower(region)",
    "lower(url('x'))",
    "coalesce(amount, (select 1))",
    "abs(",
    "length(region)",
    "startsWith(region, 'E')",
    "if(1, 2, 3)",
    "case when 1 then 2 end",
    "cast(amount as String)",
    "getSetting('max_threads')",
    "hostName()",
    "currentUser()",
    "format CSV",
    "settings max_threads = 1",
    "into outfile '/tmp/x'",
    "ａｍｏｕｎｔ",
    "аmount",
    "reg\u200bion",
    "’x’",
    "＝",
    "\u00a0",
    "\0",
    "\n",
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=9).map(" ".join),
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=9).map("".join),
    st.tuples(st.sampled_from(["amount > 1 and ", "region = 'x' or ", "not ("]), st.text(max_size=30)).map("".join),
    # Right as it is, but for one fragment put into it.
    st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(FRAGMENTS)).map(
        lambda two: f"amount > {two[0]} or {two[1]} = 'x'"
    ),
)
MILESTONE = Milestone("order.approved", NOW, NOW, "crm", "1", correlation_id=None, facts=Facts())


def compiled(text: str) -> str | None:
    """The SQL of a text, None where it is refused with a reason."""
    try:
        return compile_condition(text).sql
    except ValueError as error:
        return None if str(error).strip() else "refused without a reason"


def reaches(sql: str) -> list[str]:
    """What in an expression is no value, operator, known column or cast: everything that could read something else."""
    tree = sqlglot.parse_one(sql, read=DIALECT)
    foreign = [node.sql() for node in tree.find_all(exp.Table, exp.Query, exp.Subquery, exp.Lambda, exp.Parameter)]
    columns = {column.sql().replace('"', "").replace("`", "") for column in tree.find_all(exp.Column)}
    return [*foreign, *sorted(columns - {*COLUMNS, "attributes"})]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_any_text_is_refused_or_decided_by_its_event_alone(embedded_store: Store, texts: list[str]) -> None:
    conditions = {text: sql for text in texts if (sql := compiled(text)) is not None}

    assert {text: found for text, sql in conditions.items() if (found := reaches(sql))} == {}
    [held] = true_conditions(embedded_store, conditions, [(BusinessObject("order", "O-1"), MILESTONE)])
    assert held <= conditions.keys()


@pytest.mark.parametrize(
    "text",
    [
        "amount > 1 -- ' or sleep(3)",
        "region = 'x' /* '; drop table events */ or 1 = 1",
        "region = '\\' or sleep(3) = 0 or region = \\''",
        "region like '%' || (select 1)",
        "ａｍｏｕｎｔ > 1",
        "аmount > 1",
        "amount > 1 format CSV",
        "amount > 1 settings max_threads = 1",
        "(amount, sleep(3)) = (1, 0)",
        "amount in events",
        "amount in numbers(10)",
        "amount in (select 1) or 1 = 1",
        "attributes[(select 'x')] = 'y'",
        "lower(file('/etc/passwd')) = 'x'",
        "coalesce(amount, dictGet('d', 'a', 1)) > 1",
        "arrayExists(x -> sleep(1) = 0, [1])",
        "{x:Identifier} = 1",
        "amount > 1 union all select 1",
    ],
)
def test_what_tries_to_reach_further_is_refused_or_read_as_text(embedded_store: Store, text: str) -> None:
    sql = compiled(text)

    if sql is not None:
        assert reaches(sql) == []
        true_conditions(embedded_store, {text: sql}, [(BusinessObject("order", "O-1"), MILESTONE)])
