"""What an administrator runs on a server is read by the engine, and names tables and columns that there are."""

import re
from pathlib import Path

import pytest

from storage.client import Store
from tests.engine import Engine

FOLDER = Path(__file__).parents[3] / "deploy" / "clickhouse"
FILES = sorted(FOLDER.glob("*.sql"))


def statements(path: Path) -> list[str]:
    """The statements of a file."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    return [text.strip() for text in "\n".join(lines).split(";") if text.strip()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_engine_reads_every_statement(path: Path, embedded_store: Store, engine: Engine) -> None:
    for text in statements(path):
        assert engine.select(embedded_store, f"EXPLAIN AST {text}"), text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_table_that_is_named_is_there(path: Path, embedded_store: Store, engine: Engine) -> None:
    there = {row["name"] for row in engine.select(embedded_store, "SHOW TABLES")}
    named = set(re.findall(r"(?:ON milepost\.|ALTER TABLE )(\w+)", path.read_text(encoding="utf-8")))

    assert named
    assert named <= there


def test_every_policy_is_a_condition_on_its_table(embedded_store: Store, engine: Engine) -> None:
    policies = re.findall(
        r"ROW POLICY IF NOT EXISTS \w+ ON milepost\.(\w+) FOR SELECT USING (.+?) TO ",
        (FOLDER / "entity.sql").read_text(),
    )

    assert policies
    for table, condition in policies:
        assert engine.select(embedded_store, f"SELECT count() AS found FROM {table} WHERE {condition}") == [
            {"found": 0}
        ]


def test_who_may_read_one_entity_is_granted_only_tables_with_a_policy_of_it() -> None:
    text = (FOLDER / "entity.sql").read_text(encoding="utf-8")
    granted = set(re.findall(r"GRANT SELECT ON milepost\.(\w+) TO milepost_entity_DE01", text))
    limited = set(re.findall(r"entity_DE01 ON milepost\.(\w+) FOR SELECT USING [^1]", text))

    # A view shows what its table shows to who asks.
    assert granted - {"alerts"} == limited


def test_every_time_to_live_is_of_a_column_of_its_table(embedded_store: Store, engine: Engine) -> None:
    texts = [text for name in ("retention", "tiering") for text in statements(FOLDER / f"{name}.sql") if "TTL" in text]

    assert texts
    for text in texts:
        table, instant = re.findall(r"ALTER TABLE (\w+)", text)[0], re.findall(r"toDateTime\(\w+\)", text)[0]
        assert engine.select(embedded_store, f"SELECT {instant} AS instant FROM {table}") == []
