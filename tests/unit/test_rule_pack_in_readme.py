"""The README's table of shipped rules is that of the rule files."""

from tests.unit.rule_pack_table import rows
from tests.unit.test_conventions import ROOT


def test_the_readme_lists_the_shipped_rules_as_they_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    table = list(rows())
    first = readme.index(table[0])
    assert readme[first : first + len(table) + 1] == [*table, ""]
