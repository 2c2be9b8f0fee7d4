"""A close kept on a store, for tests that ask how ready it is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from close.book import CloseBook
from close.keeper import CloseKeeper
from close.readiness import read_close
from domain.close import EntityClose, GateCell
from domain.instants import EPOCH
from milepost.close_book import load_close_book
from milepost.settings import Settings
from rules.engine import ENGINE
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.source_silences import note_sources

BOOK: CloseBook = load_close_book(Settings())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# November 2026 closes on the third of December at 18:00 in Berlin.
NOVEMBER = "2026-11"
MIDMONTH = datetime(2026, 11, 20, 12, tzinfo=UTC)


def keep(store: Store, events: Sequence[EventRow], through: datetime, book: CloseBook = BOOK) -> None:
    """Stores events, and brings the close up to date with what was received by `through`."""
    if events:
        insert_events(store, list(events))
    CloseKeeper(store, book.gates, ENGINE).tick(through)


def closes(store: Store, at: datetime = MIDMONTH, book: CloseBook = BOOK) -> dict[str, EntityClose]:
    """November's close of each legal entity."""
    return {one.legal_entity: one for one in read_close(store, book, at, NOVEMBER)}


def cell(close: EntityClose, gate: str) -> GateCell:
    """How one of its gates stands."""
    [found] = [one for one in close.cells if one.gate.id == gate]
    return found


def hear(store: Store, through: datetime) -> None:
    """Notes what sources sent by an instant, and which of them are silent then, as a tick of the rules does."""
    note_sources(store, BOOK.contracts, EPOCH, through)
