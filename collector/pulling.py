"""Pulls rows of another system through the collector's door, in batches, and remembers how far it has come."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from collector.files.csv_table import TableEvents
from collector.files.door import Door
from collector.files.ingestion import IngestSummary, Interrupted, batches, send_batch
from collector.pull_definitions import PullDefinition
from collector.pull_tables import PullPlaces, table_of
from domain.clock import Clock
from domain.errors import StoreError, StoreUnreachable, UsageError
from storage.client import Store
from storage.pulls import Page, Start, TableFunction, pull_page, read_pull_watermark, write_pull_watermark

# What is held in memory at once. A database is asked anew for each page, since it is ClickHouse that cuts them.
ROWS_A_PAGE = 100_000
_ZONED = re.compile(r"DateTime(?:64)?\((?:\d+, )?'(.+?)'\)")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Pull:
    """One definition, and the store that asks for its rows."""

    definition: PullDefinition
    store: Store
    places: PullPlaces
    clock: Clock
    rows_a_page: int = ROWS_A_PAGE
    is_stopped: Callable[[], bool] = lambda: False

    def run(self, door: Door, summary: IngestSummary) -> None:
        """Takes all rows from the watermark on, adding to the summary.

        MilepostError says why not, without any secret; Interrupted when stopped between two batches.
        """
        table = table_of(self.definition, self.places, is_embedded=self.store.is_embedded)
        watermark = self.definition.config.watermark
        stored = read_pull_watermark(self.store, self.definition.name, watermark.column)
        begin = watermark.begin(stored)
        start = None if begin is None else Start(begin)
        while True:
            page = self._page(table, start)
            self._check(page)
            stored = self._take(page, door, summary, stored)
            if len(page.rows) < self.rows_a_page:
                return
            start = Start(page.watermarks[-1], is_inclusive=False)

    def _page(self, table: TableFunction, start: Start | None) -> Page:
        config = self.definition.config
        names = dict.fromkeys((*config.columns, config.watermark.column)) if config.columns else ()
        columns = ", ".join(f"`{name}`" for name in names) or "*"
        watermark, rows = config.watermark, self.rows_a_page
        try:
            return pull_page(self.store, table, watermark.column, columns, start, watermark.no_start, rows)
        except StoreUnreachable:
            raise
        except StoreError as error:
            # What the other system said, which may repeat what it was sent.
            text = str(error).partition(" refused: ")[2] or str(error)
            for secret in table.secrets:
                text = text.replace(secret, "…")
            raise self._error(text) from None

    def _take(self, page: Page, door: Door, summary: IngestSummary, stored: str | None) -> str | None:
        """Sends a page and gives the watermark that is stored afterwards."""
        watermark = self.definition.config.watermark
        # Rows that are equal in everything come in one page, since their watermarks are equal too: so an id that is
        # made of their content and their count is the same at every pull.
        events = TableEvents(self.definition.mapping, self.definition.source)
        items = (
            events.item(place, page.columns, [_text(cell, type_) for cell, type_ in zip(row, page.types, strict=True)])
            for place, row in enumerate(page.rows, 1)
        )
        for batch in batches(items):
            if self.is_stopped():
                raise Interrupted
            send_batch(door, f"{self.definition.name}, row", batch, summary)
            reached = page.watermarks[batch[-1].place - 1]
            # After the acknowledgement: a kill in between only brings duplicates. The overlap lies before the stored.
            if stored is None or watermark.key(reached) > watermark.key(stored):
                write_pull_watermark(self.store, self.definition.name, watermark.column, reached, self.clock.now())
                stored = reached
        return stored

    def _check(self, page: Page) -> None:
        """UsageError for columns whose values would not be what they seem."""
        watermark = self.definition.config.watermark
        kind, word = ("DateTime", "an instant") if watermark.instant else ("Int", "an integer")
        if page.rows and not re.match(rf"(Nullable\(|LowCardinality\()*U?{kind}", page.watermark_type):
            raise self._error(f"the watermark {watermark.column} is {page.watermark_type}, not {word}{_ADVICE}")
        for name, type_ in zip(page.columns, page.types, strict=True):
            zone = _ZONED.search(type_)
            # Once an hour is repeated in autumn its text no longer tells the instant.
            if zone and zone[1] != "UTC":
                raise self._error(f"the column {name} is in {zone[1]}; give it the type DateTime64(6, 'UTC'){_ADVICE}")

    def _error(self, reason: str) -> UsageError:
        return UsageError(f'pull "{self.definition.name}": {reason}')


_ADVICE = "; `structure` says what the columns of files are"


def _text(cell: Any, type_: str) -> str:
    """A cell as a CSV file would have it; instants of a column in UTC say so."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"{cell}Z" if _ZONED.search(type_) else cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell) if isinstance(cell, int) else _encode(cell).decode()
