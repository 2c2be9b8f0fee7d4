"""Has a ClickHouse server back its database up, or restore it, by its own BACKUP and RESTORE."""

import re
import time
import uuid
from collections.abc import Callable

from domain.errors import StoreError, UsageError
from storage.client import Store

ACCEPTED = "Disk('backups', 'milepost-2026-11-30.zip') or File('milepost-2026-11-30.zip')"
# No keys of buckets: what a command is given stands in the shell's history. A disk has them in the configuration.
_PLACE = re.compile(r"(Disk|File)\('[\w./-]+'(, *'[\w./-]+')?\)")
_RETRY_SECONDS = 1.0


def back_up_database(store: Store, place: str, wait: Callable[[float], None] = time.sleep) -> None:
    """Returns once the backup is at `place`; StoreError says why it is not."""
    _run(store, "backup_database", place, wait)


def restore_database(store: Store, place: str, wait: Callable[[float], None] = time.sleep) -> None:
    """Returns once the database is as in the backup; the server refuses tables that hold anything."""
    _run(store, "restore_database", place, wait)


def _run(store: Store, query: str, place: str, wait: Callable[[float], None]) -> None:
    if not _PLACE.fullmatch(place):
        raise UsageError(f"{place!r} is no place on a ClickHouse server; give {ACCEPTED}")
    run = str(uuid.uuid4())
    cluster = f"ON CLUSTER {store.cluster.name}" if store.cluster else ""
    store.run(query, fragments={"database": store.database, "cluster": cluster, "place": place, "run": f"'{run}'"})
    # In the background: a request would end before a large backup does.
    while rows := store.rows("backup_state", {"run": run}):
        if str(rows[0]["status"]).endswith(("CREATED", "RESTORED")):
            return
        if rows[0]["error"]:
            raise StoreError(f"the store at {store.where} refused: {str(rows[0]['error'])[:500]}")
        wait(_RETRY_SECONDS)
    raise StoreError(f"the store at {store.where} does not know the backup {run} that it began; ask it again")
