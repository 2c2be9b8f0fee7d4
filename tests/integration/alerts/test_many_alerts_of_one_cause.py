"""An outage of a hop that thousands wait behind: one message of bounded size, a bounded number of statements."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alerts.notification import MOST_TOLD_OF_INCIDENT
from storage.client import PATIENCE_SECONDS, Store
from tests.engine import Engine
from tests.fakes import WebhookReceiver, webhook_receiver
from tests.integration.alerts.outage import Outage, incident_routing

INTERVAL = timedelta(minutes=5)
LARGEST_MESSAGE = 400_000


class CountingStore(Store):
    """Counts what is asked of it and written to it."""

    statements = 0

    def tuples(self, *args: Any, **kwargs: Any) -> tuple[tuple[str, ...], Sequence[Sequence[Any]]]:
        self.statements += 1
        return super().tuples(*args, **kwargs)

    def run(self, *args: Any, **kwargs: Any) -> None:
        self.statements += 1
        super().run(*args, **kwargs)

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        self.statements += 1
        super().insert(table, body, fmt, settings, seconds)


@pytest.fixture
def store(engine: Engine, embedded_store: Store) -> Iterator[CountingStore]:
    counting = CountingStore(engine.dsn(embedded_store.database))
    yield counting
    counting.close()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


def outage_of(store: CountingStore, folder: Path, receiver: WebhookReceiver, size: int) -> tuple[Outage, int]:
    """An outage that so many orders wait behind, told; and how many statements that took."""
    outage = Outage(store, folder, incident_routing(receiver.url))
    outage.fail(*range(size))
    outage.fire(*range(size), amount=Decimal("41.20"))
    before = store.statements
    outage.tick()
    return outage, store.statements - before


@pytest.mark.parametrize("size", [500, 10_000])
def test_thousands_of_alerts_are_one_message_with_exact_totals(
    store: CountingStore, tmp_path: Path, receiver: WebhookReceiver, size: int
) -> None:
    outage, statements = outage_of(store, tmp_path, receiver, size)
    try:
        message = receiver.next()
        assert receiver.is_quiet()
        assert len(message.json["alerts"]) == MOST_TOLD_OF_INCIDENT
        assert message.json["truncatedAlerts"] == size - MOST_TOLD_OF_INCIDENT
        assert message.json["incident"]["objects"] == [{"type": "order", "count": size}]
        amount = str(size * Decimal("41.20"))
        assert message.json["incident"]["money"] == [{"currency": "EUR", "amount": amount}]
        assert message.json["moneyAtRisk"] == [{"currency": "EUR", "amount": amount}]
        assert len(message.body) < LARGEST_MESSAGE
        # Causes are found for 5,000 alerts at once; all else is asked and written once, however many there are.
        assert statements < 40

        before = store.statements
        outage.tick(INTERVAL)
        assert receiver.is_quiet()
        assert store.statements - before < 15

        outage.end(*range(size))
        outage.tick(INTERVAL)
        over = receiver.next()
        assert receiver.is_quiet()
        assert (over.json["reason"], over.json["incident"]["over"]) == ("all_resolved", size)
        assert len(over.body) < LARGEST_MESSAGE
    finally:
        outage.pipeline.stop()
