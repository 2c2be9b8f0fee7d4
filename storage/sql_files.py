"""Loads one SQL statement from its file and knows from the header what it takes and gives.

A query file begins with comment lines: what it answers in plain words, then `-- params:` with a name and
ClickHouse type each, `-- columns:` with the names of what comes back, and, for the few statements that take
a compiled expression, `-- fragments:` with the names that stand as `/*{name}*/` in the text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

QUERIES = Path(__file__).parent / "queries"
_PARAM = re.compile(r"\{(\w+):")
_FRAGMENT = re.compile(r"/\*\{(\w+)\}\*/")


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One statement and its header: what it answers, its typed parameters, its columns, its fragments."""

    name: str
    purpose: str
    params: Mapping[str, str]
    columns: tuple[str, ...]
    fragments: tuple[str, ...]
    text: str

    def render(self, params: Mapping[str, object], fragments: Mapping[str, str]) -> str:
        """The statement with its fragments in place; TypeError when a parameter or fragment is off."""
        for kind, declared, given in (
            ("parameters", set(self.params), set(params)),
            ("fragments", set(self.fragments), set(fragments)),
        ):
            if declared != given:
                raise TypeError(f"{self.name}.sql takes {kind} {sorted(declared)}, got {sorted(given)}")
        return _FRAGMENT.sub(lambda hole: fragments[hole.group(1)], self.text)


@cache
def load_query(name: str) -> SqlFile:
    """The statement in queries/<name>.sql."""
    return parse_query(name, (QUERIES / f"{name}.sql").read_text(encoding="utf-8"))


def parse_query(name: str, content: str) -> SqlFile:
    """A statement from its file's content; ValueError where the header and the text do not agree."""
    purpose: list[str] = []
    header = {"params": "", "columns": "", "fragments": ""}
    lines = content.splitlines()
    position = 0
    section = ""
    while position < len(lines) and lines[position].startswith("--"):
        line = lines[position].removeprefix("--").strip()
        key, colon, rest = line.partition(":")
        if colon and key in header:
            section = key
            header[key] = rest.strip()
        elif section:
            header[section] += " " + line
        else:
            purpose.append(line)
        position += 1
    text = "\n".join(lines[position:]).strip()
    params = dict(_name_and_type(name, part) for part in _split_outside_brackets(header["params"]))
    columns = tuple(part.strip() for part in header["columns"].split(",") if part.strip())
    fragments = tuple(part.strip() for part in header["fragments"].split(",") if part.strip())
    if not purpose:
        raise ValueError(f"{name}.sql: the first line must say what the statement answers")
    if set(_PARAM.findall(text)) != set(params):
        raise ValueError(f"{name}.sql: the header's params and those in the text differ")
    if set(_FRAGMENT.findall(text)) != set(fragments):
        raise ValueError(f"{name}.sql: the header's fragments and those in the text differ")
    return SqlFile(name, " ".join(purpose), params, columns, fragments, text)


def _name_and_type(name: str, part: str) -> tuple[str, str]:
    word, _, type_ = part.strip().partition(" ")
    if not type_:
        raise ValueError(f"{name}.sql: parameter {word!r} has no type in the header")
    return word, type_.strip()


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [part for part in [*parts, current] if part.strip()]
