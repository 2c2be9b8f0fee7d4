"""The close of the console's small company, and what reopens it."""

from datetime import datetime, timedelta

from close.keeper import CloseKeeper
from close.sign_offs import suspend_changed
from milepost.close_book import shipped_close_book
from rules.engine import ENGINE
from storage.client import Store
from storage.events import insert_events
from tests.builders import event_row

BOOK = shipped_close_book()


def keep_close(store: Store, through: datetime) -> None:
    """Brings the close up to date with what was received by then."""
    CloseKeeper(store, BOOK.gates, ENGINE).tick(through)


def reopen_close(store: Store, now: datetime) -> None:
    """An order of DE01 comes late, and the program notices."""
    late = event_row(
        "late",
        "order.approved",
        ["order/O-LATE"],
        occurred_at=now - timedelta(days=1),
        received_at=now + timedelta(minutes=1),
        amount="990.00",
        currency="EUR",
        legal_entity="DE01",
    )
    insert_events(store, [late])
    keep_close(store, now + timedelta(minutes=2))
    suspend_changed(store, BOOK, now)
