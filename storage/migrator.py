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

MIGRATIONS = Path(__file__).parent / "migrations"


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
    recorded = store.rows("applied_migrations") if store.rows("has_schema_migrations")[0]["found"] else []
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


def migrate(store: Store, now: datetime, *, dry_run: bool = False, folder: Path = MIGRATIONS) -> list[str]:
    """Applies what is pending and gives the names; with `dry_run` only gives them."""
    waiting = pending(store, load_migrations(folder))
    if not dry_run:
        store.run("create_schema_migrations")
        for migration in waiting:
            store.execute(migration.statement)
            record = {"name": migration.name, "digest": migration.digest, "applied_at": now}
            store.insert("schema_migrations", encode_rows([record]))
    return [migration.name for migration in waiting]
