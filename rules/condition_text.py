"""The language of conditions: what may stand in one, and its text parsed within bounds that the parser bears."""

from collections.abc import Mapping
from enum import StrEnum

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import TokenType

DIALECT = "clickhouse"
# Beyond what a person writes, within what the parser's recursion bears.
_LONGEST = 4000
_MOST_TOKENS = 500
_DEEPEST = 40


class Kind(StrEnum):
    """What a part of a condition is worth."""

    NUMBER = "a number"
    TEXT = "a text"
    INSTANT = "an instant"


COLUMNS: Mapping[str, Kind] = {
    "amount": Kind.NUMBER,
    "currency": Kind.TEXT,
    "legal_entity": Kind.TEXT,
    "region": Kind.TEXT,
    "source": Kind.TEXT,
    "type": Kind.TEXT,
    "object_type": Kind.TEXT,
    "object_id": Kind.TEXT,
    "correlation_id": Kind.TEXT,
    "occurred_at": Kind.INSTANT,
}
ACCEPTED = (
    f"columns {', '.join(COLUMNS)} and attributes['key']; numbers and 'texts'; and, or, not; = != < <= > >=, in, "
    "between, like, ilike, is null; + - * /; lower, upper, length, abs, coalesce, startsWith, endsWith"
)


class Refused(ValueError):
    """A part of a condition that is not allowed; the text says what is."""


def parse_condition(text: str) -> exp.Expr:
    """The tree of a text that holds one expression, not yet checked for what is in it; Refused says why not."""
    if not text.strip():
        raise Refused("is empty; give a condition such as amount >= 10000")
    if len(text) > _LONGEST:
        raise Refused(f"is {len(text)} characters long; {_LONGEST} are the most")
    try:
        tokens = sqlglot.tokenize(text, read=DIALECT)
        if len(tokens) > _MOST_TOKENS:
            raise Refused(f"has {len(tokens)} words and signs; {_MOST_TOKENS} are the most")
        _check_depth([token.token_type for token in tokens])
        trees = [tree for tree in sqlglot.parse(text, read=DIALECT) if tree is not None]
    except TokenError as error:
        raise Refused(f"cannot be read, a quote or bracket may be missing; accepted: {ACCEPTED}") from error
    except ParseError as error:
        raise Refused(_parse_message(error)) from error
    if len(trees) != 1:
        raise Refused("must be one condition, without semicolons")
    return trees[0]


def _check_depth(tokens: list[TokenType]) -> None:
    depth = 0
    for token in tokens:
        if token in (TokenType.L_PAREN, TokenType.L_BRACKET):
            depth += 1
        elif token in (TokenType.R_PAREN, TokenType.R_BRACKET):
            depth -= 1
        if depth > _DEEPEST:
            raise Refused(f"has brackets more than {_DEEPEST} deep")


def _parse_message(error: ParseError) -> str:
    first = error.errors[0] if error.errors else {}
    place = f" at column {first['col']}" if first.get("col") else ""
    near = f', near "{first["highlight"]}"' if first.get("highlight") else ""
    return f"cannot be read{place}{near}; accepted: {ACCEPTED}"
