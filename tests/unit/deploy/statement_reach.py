"""Which tables a part of the program may write: found in its source, from where it begins down to the statements."""

import ast
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
QUERIES = ROOT / "storage/queries"
PACKAGES = ("domain", "storage", "collector", "rules", "alerts", "kpis", "close", "dashboard", "milepost")
# The methods of a store that write, and whether they are given a table or the name of a query.
_WRITES = {"insert": "table", "insert_columns": "table", "run": "query"}
_CHANGE = re.compile(r"^(INSERT INTO|DELETE FROM|TRUNCATE TABLE) (\w+)", re.MULTILINE)


class Symbol(NamedTuple):
    """Something at the top of a module: a function, a class, a constant."""

    module: str
    name: str


class Module(NamedTuple):
    """What a module defines and what it imports from the program."""

    defined: dict[str, ast.stmt]
    imported: dict[str, Symbol]


@cache
def changes_of_queries() -> dict[str, tuple[str, str]]:
    """What each query changes and in which table, by the query's name; queries that only read are left out."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("*.sql"))}
    return {name: (found[1], found[2]) for name, text in texts.items() if (found := _CHANGE.search(text))}


def changes_from(beginnings: Collection[Symbol], not_followed: Collection[Symbol]) -> set[tuple[str, str]]:
    """What is changed and in which table by whatever the beginnings name, and what that names, and so on.

    A name that is mentioned counts as used: what is found may be more than what runs, and not less.
    """
    return {change for symbol in _reached(beginnings, not_followed) for change in _changes(symbol)}


@cache
def modules() -> dict[str, Module]:
    """Every module of the program by its dotted name."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {_dotted(path): _read(path) for path in paths}


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _read(path: Path) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {one.id: node for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            # What runs when a page of the console is opened stands outside of any function.
            defined[f"line {node.lineno}"] = node
    imported = {
        alias.asname or alias.name: Symbol(node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in PACKAGES
        for alias in node.names
    }
    return Module(defined, imported)


def _reached(beginnings: Collection[Symbol], not_followed: Collection[Symbol]) -> set[Symbol]:
    waiting, reached = list(beginnings), set(not_followed)
    while waiting:
        symbol = waiting.pop()
        if symbol not in reached and symbol.module in modules():
            reached.add(symbol)
            waiting += _named_by(symbol)
    return reached - set(not_followed)


def _named_by(symbol: Symbol) -> Iterator[Symbol]:
    module = modules()[symbol.module]
    for node in ast.walk(module.defined[symbol.name]) if symbol.name in module.defined else ():
        if isinstance(node, ast.Name) and node.id in module.defined:
            yield Symbol(symbol.module, node.id)
        elif isinstance(node, ast.Name) and node.id in module.imported:
            yield module.imported[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in module.imported:
            yield Symbol(".".join(module.imported[node.value.id]), node.attr)


def _changes(symbol: Symbol) -> Iterator[tuple[str, str]]:
    module = modules()[symbol.module]
    # The store itself is told what to write.
    if (
        not symbol.module.startswith("storage.")
        or symbol.module == "storage.client"
        or symbol.name not in module.defined
    ):
        return
    body = module.defined[symbol.name]
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _WRITES:
            texts = [text for one in node.args[:1] for text in _texts(one, body)]
            if _WRITES[node.func.attr] == "table":
                yield from (("INSERT INTO", text) for text in texts)
            else:
                known = changes_of_queries()
                yield from (known[name] for text in texts for name in known if re.fullmatch(text, name))


def _texts(argument: ast.expr, body: ast.stmt) -> list[str]:
    """What an argument may be, where it is written down; of an f-string a pattern."""
    if isinstance(argument, ast.JoinedStr):
        return ["".join(str(one.value) if isinstance(one, ast.Constant) else r"\w+" for one in argument.values)]
    if isinstance(argument, ast.Name):
        given = [
            node.value
            for node in ast.walk(body)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == argument.id
        ]
        return [text for value in given for text in _constants(value)]
    return _constants(argument)


def _constants(value: ast.AST) -> list[str]:
    return [node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
