"""JMESPath expressions of source definitions: compiled once, with the names they use checked in advance.

An expression that asks for what is not there gives null, so a misspelt name would stay unseen until an event lacks
something: names at the root and functions are therefore checked when the definition is read.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from jmespath.visitor import Options

from collector.source_functions import SourceFunctions
from domain.config_file import show
from domain.errors import InputError

# Of a request as a whole, and of one event in it.
REQUEST_NAMES = ("body", "headers")
SENDER_NAMES = ("expected", *REQUEST_NAMES)
EVENT_NAMES = ("event", *REQUEST_NAMES)
# Their first child alone is asked of the value at hand; the others of what it gives.
_CHAINS = frozenset(
    {
        "subexpression",
        "index_expression",
        "projection",
        "value_projection",
        "filter_projection",
        "flatten",
        "slice",
        "pipe",
    }
)
_Node = Mapping[str, Any]
_Find = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression; `text` is what its author wrote."""

    text: str
    _parsed: ParsedResult
    _direct: "_Find | None"

    def find(self, value: Any, options: Options) -> Any:
        """What the expression gives of a value; InputError where it cannot be worked out."""
        if self._direct is not None:
            return self._direct(value)
        try:
            return self._parsed.search(value, options=options)
        except RecursionError:
            raise InputError("mapping_failed", f"{show(self.text)}: the payload is nested too deeply") from None
        except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
            raise InputError("mapping_failed", f"{show(self.text)}: {str(error)[:200]}") from None


def compiler(names: Collection[str] | None) -> Callable[[object], Expression]:
    """A function that compiles expressions over these names, or any; its ValueError says what is wrong."""

    def compile_expression(value: object) -> Expression:
        if isinstance(value, Expression):
            return value
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"is {show(value)}; give a JMESPath expression, such as {_example(names)}")
        try:
            parsed = jmespath.compile(value)
        except JMESPathError as error:
            detail = " ".join(str(error).split())
            raise ValueError(f"is {show(value)}, which is no JMESPath expression: {detail[:200]}") from None
        except RecursionError:
            raise ValueError("is nested too deeply for a JMESPath expression") from None
        for problem in _problems(parsed.parsed, names):
            raise ValueError(f"is {show(value)}, which {problem}")
        return Expression(value, parsed, _direct(parsed.parsed))

    return compile_expression


def _direct(node: _Node) -> _Find | None:
    """The expression as plain Python, where it only looks up and puts together: JMESPath takes ten times as long."""
    below = [_direct(child) for child in node["children"] if isinstance(child, Mapping)]
    parts = [part for part in below if part is not None]
    if len(parts) < len(below):
        return None
    match node["type"]:
        case "field":
            name = node["value"]
            return lambda value: value.get(name) if isinstance(value, dict) else None
        case "literal":
            constant = node["value"]
            return lambda _: constant
        case "subexpression":
            return lambda value: reduce(lambda found, part: part(found), parts, value)
        case "key_val_pair":
            return parts[0]
        case "multi_select_list":
            return lambda value: None if value is None else [part(value) for part in parts]
        case "multi_select_dict":
            pairs = list(zip([child["value"] for child in node["children"]], parts, strict=True))
            return lambda value: None if value is None else {name: part(value) for name, part in pairs}
    return None


def _example(names: Collection[str] | None) -> str:
    return f"{next(iter(names))}.id" if names else "id"


def _problems(root: _Node, names: Collection[str] | None) -> Iterator[str]:
    for node in _nodes(root):
        if node["type"] == "subexpression" and node["children"][0]["type"] == "not_expression":
            yield "has !a.b, which JMESPath takes for (!a).b; write !(a.b)"
        if node["type"] == "function_expression":
            yield from _function_problems(node["value"], len(node["children"]))
    for name in _root_fields(root):
        if names is not None and name not in names:
            yield f'begins with "{name}"; an expression begins with {", ".join(names)} or a function'


def _function_problems(name: str, given: int) -> Iterator[str]:
    known = SourceFunctions.FUNCTION_TABLE.get(name)
    if known is None:
        accepted = ", ".join(sorted(SourceFunctions.FUNCTION_TABLE))
        yield f"calls {name}(), which is no function; there are {accepted}"
        return
    wanted = len(known["signature"])
    is_variadic = bool(known["signature"]) and known["signature"][-1].get("variadic", False)
    if given < wanted or (given > wanted and not is_variadic):
        yield f"calls {name}() with {given} arguments; it takes {wanted}{' or more' if is_variadic else ''}"


def _nodes(node: _Node) -> Iterator[_Node]:
    yield node
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _nodes(child)


def _root_fields(node: _Node) -> Iterator[str]:
    """The names that an expression looks up in the value it is given."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        yield node["value"]
    elif kind in _CHAINS:
        yield from _root_fields(children[0])
    elif kind not in ("expref", "literal", "current", "identity"):
        for child in children:
            yield from _root_fields(child)
