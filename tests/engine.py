"""The one embedded engine of a test run, and a way to read any table through it.

The process may open one folder only, so every store of the tests, and the HTTP endpoint, is a database in it.
"""

from pathlib import Path
from typing import Any

import clickhouse_connect

from storage.client import Store

# What the tables hold is cleared between tests, what describes them stays.
_SCHEMA_RECORD = "schema_migrations"


class Engine:
    """Holds the engine open, so that closing a store does not stop it, and looks into its databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._client = clickhouse_connect.get_client(dsn=f"chdb://{folder}")

    def dsn(self, database: str) -> str:
        """What to give to an embedded Store."""
        return f"chdb://{self.folder}?database={database}"

    def select(self, store: Store, query: str) -> list[dict[str, Any]]:
        """The rows of a statement in the store's database; instants aware and in UTC."""
        self._client.command(f"USE {store.database}")
        return list(self._client.query(query, tz_mode="aware").named_results())

    def clear(self, database: str) -> None:
        """Empties every table of a migrated database: a tenth of the time of making it anew."""
        # Tests live at fixed instants; by the machine's clock their rows outlive their TTL. It stops those of
        # the tables that there are, so not before the schema is made.
        self._client.command("SYSTEM STOP TTL MERGES")
        filled = self._client.query(
            "SELECT name FROM system.tables WHERE database = {database:String} AND total_rows > 0",
            parameters={"database": database},
        )
        for (table,) in filled.result_rows:
            if table != _SCHEMA_RECORD:
                self._client.command(f"TRUNCATE TABLE {database}.{table}")

    def drop(self, database: str) -> None:
        """Removes a database and what is in it."""
        self._client.command(f"DROP DATABASE IF EXISTS {database}")

    def close(self) -> None:
        """Lets the engine go."""
        self._client.close()
