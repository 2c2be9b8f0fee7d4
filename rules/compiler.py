"""Compiles a rule's condition, as its author wrote it, into SQL that is safe to run and never fails.

The text is parsed, every part of it is checked against a list of what is allowed, and new SQL is made from
the checked parts: nothing the author typed reaches the store as it is. The SQL reads the columns named here,
NULL where unknown, and is 0 where the condition is unknown. Comparisons of amounts are exact: numbers are
decimals, made wide enough for every sum and product, so that no row can make the engine overflow.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from sqlglot import exp

from domain.instants import parse_instant, to_micros
from domain.money import FRACTION_DIGITS, WHOLE_DIGITS
from rules.condition_text import ACCEPTED, COLUMNS, DIALECT, Kind, Refused, parse_condition

# What ClickHouse's widest decimal holds.
_WIDEST = 76
# The most characters a text can have, as digits.
_LENGTH_DIGITS = 20
# How many more digits a quotient keeps than its parts have.
_QUOTIENT_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition: its author's text and the SQL expression that decides it, 1 where it holds, else 0."""

    text: str
    sql: str


def compile_condition(text: str) -> Condition:
    """The condition a text states; ValueError says what is wrong with it, where, and what is accepted."""
    try:
        truth = _truth(parse_condition(text))
        return Condition(text, _call("ifNull", truth, _number(0)).sql(dialect=DIALECT))
    except RecursionError:
        raise Refused("nests too deeply; write it with fewer brackets") from None


@dataclass(frozen=True, slots=True)
class _Term:
    """A value in a condition.

    A number has at most so many digits before and after its point; `narrow` is its SQL as Decimal(38, 9),
    where that holds it, and `sql` as a wide decimal. `literal` is the text or number as written.
    """

    kind: Kind
    sql: exp.Expr
    whole: int = 0
    fraction: int = 0
    narrow: exp.Expr | None = None
    literal: str | None = None
    is_attribute: bool = False


_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def _truth(node: exp.Expr) -> exp.Expr:
    """The SQL of a part that holds or does not."""
    if isinstance(node, exp.Paren):
        return _truth(_only(node, "this").this)
    if isinstance(node, exp.And | exp.Or):
        parts = [_truth(part) for part in node.flatten()]
        return exp.and_(*parts) if isinstance(node, exp.And) else exp.or_(*parts)
    if isinstance(node, exp.Not):
        return _not(_truth(_only(node, "this").this))
    if isinstance(node, exp.Boolean):
        return exp.Boolean(this=bool(node.this))
    if isinstance(node, _COMPARISONS):
        _only(node, "this", "expression")
        return _compare(type(node), node, _term(node.this), _term(node.expression))
    if isinstance(node, exp.Is):
        return _is(node)
    if isinstance(node, exp.Between):
        _only(node, "this", "low", "high")
        value, low, high = _term(node.this), _term(node.args["low"]), _term(node.args["high"])
        return exp.and_(_compare(exp.GTE, node, value, low), _compare(exp.LTE, node, value, high))
    if isinstance(node, exp.In):
        return _in(node)
    if isinstance(node, exp.Like | exp.ILike):
        return _like(node)
    if isinstance(node, exp.StartsWith | exp.EndsWith):
        _only(node, "this", "expression")
        name = "startsWith" if isinstance(node, exp.StartsWith) else "endsWith"
        return _call(name, _text(node, node.this), _text(node, node.expression))
    if isinstance(node, exp.Column | exp.Literal):
        raise Refused(f"{_quote(node)} is a value, not a condition; compare it with something")
    raise _refuse(node)


def _is(node: exp.Is) -> exp.Expr:
    if not isinstance(_only(node, "this", "expression").expression, exp.Null):
        raise _refuse(node)
    term = _term(node.this)
    return exp.Is(this=term.narrow or term.sql, expression=exp.Null())


def _in(node: exp.In) -> exp.Expr:
    _only(node, "this", "expressions")
    items = node.expressions
    if not items:
        raise _refuse(node)
    for item in items:
        if not isinstance(item.this if isinstance(item, exp.Neg) else item, exp.Literal):
            raise Refused(f"{_quote(item)} cannot stand in the list of {_quote(node)}; give numbers or 'texts'")
    # ClickHouse's own IN says no where the value is unknown, and then NOT IN would say yes.
    value = _term(node.this)
    return exp.paren(exp.or_(*(_compare(exp.EQ, node, value, _term(item)) for item in items)))


def _like(node: exp.Like | exp.ILike) -> exp.Expr:
    _only(node, "this", "expression", "negate")
    pattern = _term(node.expression)
    if pattern.kind is not Kind.TEXT or pattern.literal is None:
        raise Refused(f"{_quote(node)} needs a pattern in quotes, such as 'DE%'")
    if (len(pattern.literal) - len(pattern.literal.rstrip("\\"))) % 2:
        raise Refused(f"{_quote(node)} has a pattern that ends with a single \\; write \\\\ for the sign itself")
    like = type(node)(this=_text(node, node.this), expression=pattern.sql)
    return _not(like) if node.args.get("negate") else like


def _text(owner: exp.Expr, node: exp.Expr) -> exp.Expr:
    term = _term(node)
    if term.kind is not Kind.TEXT:
        raise Refused(f"{_quote(owner)} takes a text, and {_quote(node)} is {term.kind}")
    return term.sql


def _compare(comparison: type[exp.Expr], node: exp.Expr, left: _Term, right: _Term) -> exp.Expr:
    left, right = _meet(left, right.kind), _meet(right, left.kind)
    if left.kind is not right.kind:
        raise Refused(f"{_quote(node)} compares {left.kind} with {right.kind}")
    if left.kind is not Kind.NUMBER:
        return comparison(this=left.sql, expression=right.sql)
    if left.narrow is not None and right.narrow is not None:
        return comparison(this=left.narrow, expression=right.narrow)
    _check_width(node, max(left.whole, right.whole), max(left.fraction, right.fraction))
    return comparison(this=left.sql, expression=right.sql)


def _meet(term: _Term, other: Kind) -> _Term:
    """A text as the kind it is compared with, where it can be one."""
    if term.kind is Kind.TEXT and other is Kind.INSTANT and term.literal is not None:
        return _Term(Kind.INSTANT, _instant(term.literal))
    if term.is_attribute and other is Kind.NUMBER:
        # Attributes are texts; one that is no number, or too large a one, is unknown.
        return _decimal(_call("toDecimal128OrNull", term.sql, _number(FRACTION_DIGITS)))
    return term


def _check_width(node: exp.Expr, whole: int, fraction: int) -> None:
    if whole + fraction > _WIDEST:
        raise Refused(f"{_quote(node)} can have more than {_WIDEST} digits; multiply or divide less")


def _term(node: exp.Expr) -> _Term:
    """The SQL of a part that has a value."""
    if isinstance(node, exp.Paren):
        return _term(_only(node, "this").this)
    if isinstance(node, exp.Column):
        return _column(node)
    if isinstance(node, exp.Bracket):
        return _attribute(node)
    if isinstance(node, exp.Literal):
        return _literal(node)
    function = _VALUES.get(type(node))
    if function is None:
        raise _refuse(node)
    return function(node)


def _column(node: exp.Column) -> _Term:
    name = node.name
    if node.table == "attributes":
        raise Refused(f"{_quote(node)} is not a column; write attributes['{name}']")
    if node.table or node.args.get("join_mark"):
        raise _refuse(node)
    if cast(exp.Identifier, node.this).args.get("quoted") and name not in COLUMNS:
        raise Refused(f"{_quote(node)} is not a column; a text stands in single quotes, such as '{name[:40]}'")
    kind = COLUMNS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, (*COLUMNS, "attributes"), n=1)
        hint = f"; did you mean {near[0]}?" if near else ";"
        place = node.this.meta.get("start")
        where = "" if place is None else f" at column {place + 1}"
        raise Refused(f"{name[:60]}{where} is not a column{hint} accepted: {ACCEPTED}")
    column = exp.column(name)
    return _decimal(column) if kind is Kind.NUMBER else _Term(kind, column)


def _attribute(node: exp.Bracket) -> _Term:
    _only(node, "this", "expressions")
    owner, keys = node.this, node.expressions
    is_map = isinstance(owner, exp.Column) and owner.name == "attributes" and not owner.table
    if not is_map or len(keys) != 1 or not isinstance(keys[0], exp.Literal) or not keys[0].is_string:
        raise Refused(f"{_quote(node)} is not allowed; write attributes['key']")
    attributes, key = exp.column("attributes"), exp.Literal.string(keys[0].this)
    value = exp.Bracket(this=attributes, expressions=[key])
    # The engine's map says '' for a key it does not have; here that is unknown.
    known = _call("mapContains", attributes.copy(), key.copy())
    return _Term(Kind.TEXT, _call("if", known, value, exp.Null()), is_attribute=True)


def _literal(node: exp.Literal) -> _Term:
    text = str(node.this)
    if node.is_string:
        return _Term(Kind.TEXT, exp.Literal.string(text), literal=text)
    number = Decimal(text)
    _, digits, exponent = number.as_tuple()
    fraction = max(0, -int(exponent))
    whole = max(1, len(digits) + int(exponent))
    if whole + fraction > _WIDEST:
        raise Refused(f"{text[:60]} has more than {_WIDEST} digits")
    plain = exp.Literal.string(f"{number:f}")
    narrow = None
    if whole <= WHOLE_DIGITS and fraction <= FRACTION_DIGITS:
        narrow = _call("toDecimal128", plain.copy(), _number(FRACTION_DIGITS))
    return _Term(Kind.NUMBER, _call("toDecimal256", plain, _number(fraction)), whole, fraction, narrow, text)


def _negate(node: exp.Expr) -> _Term:
    term = _number_term(node, _only(node, "this").this)
    narrow = None if term.narrow is None else exp.Neg(this=term.narrow)
    return replace(term, sql=exp.Neg(this=term.sql), narrow=narrow, literal=None)


def _absolute(node: exp.Expr) -> _Term:
    term = _number_term(node, _only(node, "this").this)
    narrow = None if term.narrow is None else _call("abs", term.narrow)
    return replace(term, sql=_call("abs", term.sql), narrow=narrow, literal=None)


def _sum(node: exp.Expr) -> _Term:
    left, right = _operands(node)
    whole, fraction = max(left.whole, right.whole) + 1, max(left.fraction, right.fraction)
    _check_width(node, whole, fraction)
    return _Term(Kind.NUMBER, _wrap(type(node)(this=left.sql, expression=right.sql)), whole, fraction)


def _product(node: exp.Expr) -> _Term:
    left, right = _operands(node)
    whole, fraction = left.whole + right.whole, left.fraction + right.fraction
    _check_width(node, whole, fraction)
    return _Term(Kind.NUMBER, _wrap(exp.Mul(this=left.sql, expression=right.sql)), whole, fraction)


def _quotient(node: exp.Expr) -> _Term:
    left, right = _operands(node)
    # The engine keeps as many digits as the dividend has, and needs as many as the divisor's.
    fraction = max(left.fraction, right.fraction) + _QUOTIENT_DIGITS
    _check_width(node, left.whole + right.fraction, fraction)
    dividend = _call("toDecimal256", left.sql, _number(fraction))
    is_zero = exp.EQ(this=right.sql.copy(), expression=_call("toDecimal256", exp.Literal.string("0"), _number(0)))
    divisor = _call("if", is_zero, exp.Null(), right.sql)
    quotient = exp.Div(this=dividend, expression=divisor, typed=False, safe=False)
    return _Term(Kind.NUMBER, _wrap(quotient), left.whole + right.fraction, fraction)


def _operands(node: exp.Expr) -> tuple[_Term, _Term]:
    if not isinstance(node, exp.Binary):
        raise _refuse(node)
    return _number_term(node, node.this), _number_term(node, node.expression)


def _number_term(owner: exp.Expr, node: exp.Expr) -> _Term:
    term = _meet(_term(node), Kind.NUMBER)
    if term.kind is not Kind.NUMBER:
        raise Refused(f"{_quote(owner)} takes numbers, and {_quote(node)} is {term.kind}")
    return term


def _length(node: exp.Expr) -> _Term:
    length = _call("lengthUTF8", _text(node, _only(node, "this", "binary").this))
    return _Term(Kind.NUMBER, _call("toDecimal256", length, _number(0)), _LENGTH_DIGITS, 0)


def _lower(node: exp.Expr) -> _Term:
    return _Term(Kind.TEXT, _call("lowerUTF8", _text(node, _only(node, "this").this)))


def _upper(node: exp.Expr) -> _Term:
    return _Term(Kind.TEXT, _call("upperUTF8", _text(node, _only(node, "this").this)))


def _coalesce(node: exp.Expr) -> _Term:
    terms = [_term(part) for part in (node.this, *node.expressions)]
    kind = Kind.NUMBER if any(term.kind is Kind.NUMBER for term in terms) else terms[0].kind
    terms = [_meet(term, kind) for term in terms]
    if any(term.kind is not kind for term in terms) or kind is Kind.INSTANT:
        raise Refused(f"{_quote(node)} takes numbers alone or texts alone")
    if kind is Kind.TEXT:
        return _Term(Kind.TEXT, _call("coalesce", *(term.sql for term in terms)))
    whole, fraction = max(term.whole for term in terms), max(term.fraction for term in terms)
    _check_width(node, whole, fraction)
    parts = (_call("toDecimal256", term.sql, _number(fraction)) for term in terms)
    return _Term(Kind.NUMBER, _call("coalesce", *parts), whole, fraction)


_VALUES: Mapping[type[exp.Expr], Callable[[exp.Expr], _Term]] = {
    exp.Neg: _negate,
    exp.Abs: _absolute,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: _quotient,
    exp.Length: _length,
    exp.Lower: _lower,
    exp.Upper: _upper,
    exp.Coalesce: _coalesce,
}


def _decimal(narrow: exp.Expr) -> _Term:
    """A value that the engine has as Decimal(38, 9)."""
    wide = _call("toDecimal256", narrow.copy(), _number(FRACTION_DIGITS))
    return _Term(Kind.NUMBER, wide, WHOLE_DIGITS, FRACTION_DIGITS, narrow)


def _instant(text: str) -> exp.Expr:
    return _call("fromUnixTimestamp64Micro", _call("toInt64", _number(to_micros(parse_instant(text)))), _utc())


def _utc() -> exp.Expr:
    return exp.Literal.string("UTC")


def _number(value: int | str) -> exp.Expr:
    return exp.Literal.number(value)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _wrap(node: exp.Expr) -> exp.Expr:
    return exp.Paren(this=node)


def _not(truth: exp.Expr) -> exp.Expr:
    # Always in brackets: how tightly NOT binds differs between dialects of SQL.
    return exp.Not(this=_wrap(truth.unnest()))


def _only(node: exp.Expr, *names: str) -> exp.Expr:
    """The node, once it is sure that it has no part but these: parsers grow new ones."""
    if any(value and name not in names for name, value in node.args.items()):
        raise _refuse(node)
    return node


def _refuse(node: exp.Expr) -> Refused:
    return Refused(f"{_quote(node)} is not allowed; accepted: {ACCEPTED}")


def _quote(node: exp.Expr) -> str:
    text = node.sql(dialect=DIALECT, comments=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
