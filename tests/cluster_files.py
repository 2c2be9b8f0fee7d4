"""What the migrations become on a cluster, kept in a file to be read and compared.

`python -m tests.cluster_files` writes it anew: after a migration was added.
"""

from pathlib import Path

from storage.cluster_ddl import Cluster
from storage.migrator import load_migrations
from storage.sql_files import load_query

GOLDEN = Path(__file__).parent / "testdata" / "cluster" / "migrations.sql"
CLUSTER = Cluster("revenue", "milepost")


def rendered() -> list[tuple[str, str]]:
    """Every statement in order, with the name of its migration."""
    records = ("schema_migrations", load_query("create_schema_migrations").text)
    sources = [records, *((one.name, one.statement) for one in load_migrations())]
    made = [(name, statement) for name, text in sources for statement in CLUSTER.statements(name, text)]
    return [("database", CLUSTER.create_database()), *made]


def golden_text() -> str:
    """The content of the file."""
    return "\n".join(f"-- {name}\n{statement.rstrip()};\n" for name, statement in rendered())


if __name__ == "__main__":
    GOLDEN.write_text(golden_text(), encoding="utf-8")
