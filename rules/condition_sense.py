"""Whether a condition can ever be true, or ever be anything else, by what its own parts say: for warnings only.

What this finds is sure; what it does not find may still be so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

from domain.instants import parse_instant
from rules.condition_text import COLUMNS, DIALECT, Kind, parse_condition

# The values of one subject are of one of these types.
Value = Decimal | datetime | str
_FLIPPED: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}


def never_true(text: str, known: Mapping[str, str] = {}, also: str = "") -> bool:
    """Whether a condition that compiles is surely never true, where columns have known values.

    `also` is another condition that holds at the same time.
    """
    facts = tuple(_Fact(name, exp.EQ, (value,)) for name, value in known.items())
    whole = exp.and_(*(_simple(part) for part in (text, also) if part))
    return _is_impossible(whole, facts)


def always_true(text: str) -> bool:
    """Whether a condition that compiles surely holds whatever it is asked of."""
    simple = _simple(text)
    return isinstance(simple, exp.Boolean) and bool(simple.this)


def canonical(text: str) -> str:
    """The same text for conditions that say the same in the same order, however they are spaced and bracketed."""
    return _simple(text).sql(dialect=DIALECT)


@dataclass(frozen=True, slots=True)
class _Fact:
    """What one part of a condition says of one value; no comparison at all is that it is unknown."""

    subject: str
    comparison: type[exp.Expr] | None
    values: tuple[Value, ...]


@dataclass(slots=True)
class _Possible:
    """What is left of the values that a subject may have."""

    among: set[Any] | None = None
    outside: set[Any] = field(default_factory=set)
    low: tuple[Any, bool] | None = None
    high: tuple[Any, bool] | None = None

    def narrow(self, fact: _Fact) -> None:
        values = set(fact.values)
        if fact.comparison is exp.EQ:
            self.among = values if self.among is None else self.among & values
        elif fact.comparison is exp.NEQ:
            self.outside |= values
        elif fact.comparison in (exp.GT, exp.GTE):
            bound = (fact.values[0], fact.comparison is exp.GT)
            self.low = bound if self.low is None else max(self.low, bound)
        else:
            # Of two equal bounds the strict one is the narrower.
            value, strict = fact.values[0], fact.comparison is exp.LT
            if self.high is None or (value, not strict) < (self.high[0], not self.high[1]):
                self.high = (value, strict)

    @property
    def is_empty(self) -> bool:
        if self.among is not None:
            return not any(self._allows(value) for value in self.among)
        if self.low is None or self.high is None:
            return False
        strict = self.low[1] or self.high[1]
        return bool(self.low[0] >= self.high[0] if strict else self.low[0] > self.high[0])

    def _allows(self, value: Any) -> bool:
        if value in self.outside:
            return False
        if self.low is not None and (value <= self.low[0] if self.low[1] else value < self.low[0]):
            return False
        return self.high is None or not (value >= self.high[0] if self.high[1] else value > self.high[0])


def _simple(text: str) -> exp.Expr:
    simple = simplify(parse_condition(text).copy(), dialect=DIALECT)
    return simple.unnest() if isinstance(simple, exp.Expr) else parse_condition(text)


def _is_impossible(node: exp.Expr, facts: tuple[_Fact, ...]) -> bool:
    """Whether a part cannot be true together with what is known."""
    node = node.unnest()
    if isinstance(node, exp.Boolean):
        return not node.this
    if isinstance(node, exp.Or):
        return all(_is_impossible(part, facts) for part in node.flatten())
    if isinstance(node, exp.And):
        parts = [part.unnest() for part in node.flatten()]
        facts = (*facts, *(fact for part in parts if (fact := _fact(part))))
        return _contradict(facts) or any(_is_impossible(part, facts) for part in parts if _fact(part) is None)
    fact = _fact(node)
    return fact is not None and _contradict((*facts, fact))


def _contradict(facts: Sequence[_Fact]) -> bool:
    possible: dict[tuple[str, type], _Possible] = {}
    unknown = {fact.subject for fact in facts if fact.comparison is None}
    for fact in facts:
        if fact.comparison is None:
            continue
        if fact.subject in unknown:
            return True
        # An attribute may be compared as a text here and as a number there; that says nothing together.
        possible.setdefault((fact.subject, type(fact.values[0])), _Possible()).narrow(fact)
    return any(values.is_empty for values in possible.values())


def _fact(node: exp.Expr) -> _Fact | None:
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return _Fact(node.this.sql(dialect=DIALECT), None, ())
    if isinstance(node, exp.In):
        values = [_value(node.this, item) for item in node.expressions]
        return _make(node.this, exp.EQ, values)
    if type(node) in _FLIPPED:
        left, right = node.this, node.expression
        if (value := _value(left, right)) is not None:
            return _make(left, type(node), [value])
        return _make(right, _FLIPPED[type(node)], [_value(right, left)])
    return None


def _make(subject: exp.Expr, comparison: type[exp.Expr], values: Sequence[Value | None]) -> _Fact | None:
    known = tuple(value for value in values if value is not None)
    if not known or len(known) < len(values) or len({type(value) for value in known}) > 1:
        return None
    return _Fact(subject.sql(dialect=DIALECT), comparison, known)


def _value(subject: exp.Expr, node: exp.Expr) -> Value | None:
    """The value that a subject is compared with, as what it is compared; None where it is not written out."""
    if isinstance(node, exp.Neg):
        value = _value(subject, node.this)
        return -value if isinstance(value, Decimal) else None
    if not isinstance(node, exp.Literal):
        return None
    if not node.is_string:
        return Decimal(str(node.this))
    text = str(node.this)
    is_instant = isinstance(subject, exp.Column) and COLUMNS.get(subject.name) is Kind.INSTANT
    return parse_instant(text) if is_instant else text
