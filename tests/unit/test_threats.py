"""The threat model: every threat is answered by a test that there is."""

import ast
import re

import pytest

from tests.unit.test_conventions import ROOT, tree_of

TESTS = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
HEADING = ["What is tried", "What stops it", "Shown by"]


def document() -> str:
    return (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    """The cells of every row but those that head a table."""
    found = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in document().splitlines() if line[:1] == "|"
    ]
    return [cells for cells in found if cells != HEADING and not cells[0].startswith("---")]


def names_in(file: str) -> set[str]:
    return {
        node.name for node in ast.walk(tree_of(ROOT / file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("file", sorted({file for file, _ in TESTS.findall(document())}))
def test_every_test_that_is_named_is_there(file: str) -> None:
    named = {name for path, name in TESTS.findall(document()) if path == file}

    assert {name for name in named if not name.startswith("test_")} == set()
    assert named - names_in(file) == set()


def test_every_threat_has_what_stops_it_and_a_test_of_its_own() -> None:
    assert len(rows()) > 60
    assert [cells[0] for cells in rows() if len(cells) != 3 or not TESTS.search(cells[2])] == []
    # A name that is misspelt as a test would else be read as a word.
    assert [cells[0] for cells in rows() if TESTS.sub("", cells[2]).strip(", ")] == []
