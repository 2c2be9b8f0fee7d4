"""What a store needs before anything reads or writes it: its database, this program's schema, and a repair."""

from datetime import datetime

from storage.client import Store
from storage.migrator import migrate
from storage.repair import repair_latest


def prepare(store: Store, now: datetime) -> None:
    """Makes a store ready; may be done again. StoreError where it is away, refuses, or is of a newer program."""
    store.make_database()
    migrate(store, now)
    repair_latest(store)
