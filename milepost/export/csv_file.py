"""Events as a CSV table, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable
from pathlib import Path

import msgspec

from domain.spreadsheet import harmless
from storage.event_export import StoredEvent

COLUMNS = (
    *("source", "event_id", "type", "occurred_at", "received_at", "correlation_id", "objects", "amount", "currency"),
    *("legal_entity", "region", "attributes"),
)
_encode = msgspec.json.Encoder(order="sorted").encode


def write_csv(events: Iterable[StoredEvent], path: Path) -> int:
    """Writes a header and a row an event; how many there are."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for event in events:
            count += 1
            table.writerow(_row(event))
    return count


def _row(event: StoredEvent) -> list[str]:
    objects = "; ".join(f"{type_}/{id_}" for type_, id_, _ in event.objects)
    texts = [
        *(
            event.source,
            event.event_id,
            event.type,
            event.occurred_at,
            event.received_at,
            event.correlation_id,
            objects,
        ),
        *(event.currency, event.legal_entity, event.region),
        _encode(event.attributes).decode() if event.attributes else "",
    ]
    row = [harmless(text) for text in texts]
    # Digits that the store has checked: a negative amount is no formula, and stays a number.
    row.insert(COLUMNS.index("amount"), event.amount or "")
    return row
