"""Brings the store's schema to this program's: numbered files, one statement each, applied in order once.

What was applied is recorded with the hash of its file; a file that was edited afterwards is refused, because
the store would then differ from what the files say. Statements can be applied twice without harm (IF NOT EXISTS): a
crash may come between one and its record, and two roles may start on one server at once.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.errors import MigrationError
from storage.client import Store, encode_rows
from storage.cluster_ddl import Cluster
from storage.sql_files import load_query

MIGRATIONS = Path(__file__).parent / "migrations"
# That of the embedded engine, by which all statements are tested.
OLDEST_SERVER = (26, 9)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file; `digest` is the SHA-256 of its content."""

    name: str
    statement: str
    digest: str


def load_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """All migrations in order; MigrationError where a number is missing or stands twice."""
    migrations = []
    for expected, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        if not path.stem.startswith(f"{expected:04d}_"):
            raise MigrationError(f"{path}: expected number {expected:04d}; numbers follow each other without gaps")
        statement = path.read_text(encoding="utf-8")
        migrations.append(Migration(path.stem, statement, hashlib.sha256(statement.encode()).hexdigest()))
    return migrations


def pending(store: Store, migrations: list[Migration]) -> list[Migration]:
    """The migrations the store still lacks; MigrationError when it has an edited or an unknown one."""
    recorded = store.rows("applied_migrations") if _is_begun(store) else []
    applied = {row["name"]: row["digest"] for row in recorded}
    known = {migration.name: migration.digest for migration in migrations}
    for name, digest in applied.items():
        if name not in known:
            raise MigrationError(
                f"the store {store.where} has migration {name}, which this program does not know; run the newer program"
            )
        if known[name] != digest:
            raise MigrationError(
                f"migration {name} was edited after it was applied to {store.where}; restore the file and add a new one"
            )
    return [migration for migration in migrations if migration.name not in applied]


def statements(cluster: Cluster | None, name: str, statement: str) -> list[str]:
    """What is run for a migration: its statement as it is, or what it becomes on a cluster."""
    return cluster.statements(name, statement) if cluster else [statement]


def _require_version(store: Store, version: str) -> None:
    """MigrationError where the server lacks what statements use, such as materialized common table expressions."""
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_SERVER:
        oldest = ".".join(map(str, OLDEST_SERVER))
        raise MigrationError(f"the store {store.where} is ClickHouse {version}; Milepost needs {oldest} or later")


def _is_begun(store: Store) -> bool:
    """Whether the store has a record of migrations; MigrationError where that was made for another kind of store."""
    records = store.rows("has_schema_migrations")[0]
    _require_version(store, records["server_version"])
    if not records["found"]:
        return False
    if store.cluster and records["engine"] == "MergeTree":
        raise MigrationError(
            f"the store {store.where} was made for one server, and MILEPOST_CLUSTER is {store.cluster.name}: its "
            "tables would not be replicated; give a new database and move the data (docs/operations.md, "
            '"One server to a cluster")'
        )
    if not store.cluster and str(records["engine"]).startswith("Replicated"):
        raise MigrationError(
            f"the store {store.where} was made for a cluster: set MILEPOST_CLUSTER to its name, or tables made from "
            "now on would stand on one server alone"
        )
    return True


def migrate(store: Store, now: datetime, *, dry_run: bool = False, folder: Path = MIGRATIONS) -> list[str]:
    """Applies what is pending and gives the names; with `dry_run` only gives them."""
    waiting = pending(store, load_migrations(folder))
    # Where nothing is pending nothing is run: who may not change tables may start.
    if waiting and not dry_run:
        for statement in statements(store.cluster, "schema_migrations", load_query("create_schema_migrations").text):
            store.execute(statement)
        for migration in waiting:
            for statement in statements(store.cluster, migration.name, migration.statement):
                store.execute(statement)
            record = {"name": migration.name, "digest": migration.digest, "applied_at": now}
            store.insert("schema_migrations", encode_rows([record]))
    return [migration.name for migration in waiting]
