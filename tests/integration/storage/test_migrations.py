"""The schema is brought up in order, once, and never on top of one that differs from the files."""

import hashlib
from pathlib import Path

import pytest

from domain.errors import MigrationError, StoreError
from storage.client import Store
from storage.migrator import load_migrations, migrate
from tests.builders import NOW
from tests.engine import Engine

FIRST = "-- One.\nCREATE TABLE one (x UInt8) ENGINE = Memory"
SECOND = "-- Two, filled from the first.\nCREATE TABLE two ENGINE = Memory AS SELECT * FROM one"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two migrations, of which the second needs the first."""
    (tmp_path / "0001_one.sql").write_text(FIRST)
    (tmp_path / "0002_two.sql").write_text(SECOND)
    return tmp_path


def test_migrations_are_applied_in_order_and_recorded(bare_store: Store, engine: Engine, folder: Path) -> None:
    assert migrate(bare_store, NOW, folder=folder) == ["0001_one", "0002_two"]

    assert engine.select(bare_store, "SELECT * FROM schema_migrations ORDER BY name") == [
        {"name": name, "digest": hashlib.sha256(text.encode()).hexdigest(), "applied_at": NOW}
        for name, text in [("0001_one", FIRST), ("0002_two", SECOND)]
    ]


def test_a_migration_is_applied_once(bare_store: Store, folder: Path) -> None:
    migrate(bare_store, NOW, folder=folder)
    (folder / "0003_three.sql").write_text("-- Three.\nCREATE TABLE three (x UInt8) ENGINE = Memory")

    assert migrate(bare_store, NOW, folder=folder) == ["0003_three"]
    assert migrate(bare_store, NOW, folder=folder) == []


def test_a_dry_run_names_what_is_pending_and_writes_nothing(bare_store: Store, engine: Engine, folder: Path) -> None:
    assert migrate(bare_store, NOW, dry_run=True, folder=folder) == ["0001_one", "0002_two"]

    assert engine.select(bare_store, f"SHOW TABLES FROM {bare_store.database}") == []


def test_an_edited_migration_is_refused(bare_store: Store, folder: Path) -> None:
    migrate(bare_store, NOW, folder=folder)
    (folder / "0001_one.sql").write_text(FIRST.replace("UInt8", "UInt16"))

    with pytest.raises(MigrationError) as refusal:
        migrate(bare_store, NOW, folder=folder)
    assert str(refusal.value) == (
        f"migration 0001_one was edited after it was applied to {bare_store.where}; restore the file and add a new one"
    )


def test_a_store_of_a_newer_program_is_refused(bare_store: Store, folder: Path) -> None:
    migrate(bare_store, NOW, folder=folder)
    (folder / "0002_two.sql").unlink()

    with pytest.raises(MigrationError) as refusal:
        migrate(bare_store, NOW, folder=folder)
    assert str(refusal.value) == (
        f"the store {bare_store.where} has migration 0002_two, which this program does not know; run the newer program"
    )


def test_a_failing_migration_stops_there_and_is_tried_again(bare_store: Store, folder: Path) -> None:
    (folder / "0002_two.sql").write_text(SECOND.replace("FROM one", "FROM nowhere"))
    with pytest.raises(StoreError, match="UNKNOWN_TABLE"):
        migrate(bare_store, NOW, folder=folder)

    (folder / "0002_two.sql").write_text(SECOND)

    assert migrate(bare_store, NOW, folder=folder) == ["0002_two"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("0004_four.sql", "0003", id="a number is missing"),
        pytest.param("0002_zwei.sql", "0003", id="a number stands twice"),
        pytest.param("three.sql", "0003", id="a file without a number"),
    ],
)
def test_numbers_follow_each_other(folder: Path, name: str, expected: str) -> None:
    (folder / name).touch()

    with pytest.raises(MigrationError) as refusal:
        load_migrations(folder)
    assert str(refusal.value) == (
        f"{folder / name}: expected number {expected}; numbers follow each other without gaps"
    )


def test_the_shipped_schema_is_made_on_each_kind_of_store(bare_store: Store, engine: Engine) -> None:
    migrate(bare_store, NOW)

    tables = {row["name"] for row in engine.select(bare_store, f"SHOW TABLES FROM {bare_store.database}")}
    assert tables >= {"events", "otel_traces", "object_milestones", "alerts", "notifications", "dead_letters"}
    assert migrate(bare_store, NOW) == []


def test_a_crash_between_a_migration_and_its_record_is_made_good(bare_store: Store) -> None:
    migrate(bare_store, NOW)
    bare_store.execute("TRUNCATE TABLE schema_migrations")

    assert migrate(bare_store, NOW) == [migration.name for migration in load_migrations()]
