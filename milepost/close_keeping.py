"""Keeps the close up to date in a running Milepost, suspends sign-offs that what came changed, and tells Prometheus."""

import logging
from datetime import datetime

from prometheus_client import CollectorRegistry

from close.book import CloseBook
from close.readiness import read_close
from close.sign_offs import suspend_changed
from milepost.close_book import close_keeper, load_close_book
from milepost.close_metrics import CloseMetrics
from milepost.settings import Settings
from rules.references import References
from storage.client import Store

log = logging.getLogger("milepost.close")


class CloseKeeping:
    """The configured close; ConfigError where its files are wrong."""

    def __init__(self, settings: Settings, references: References, registry: CollectorRegistry) -> None:
        self.book: CloseBook = load_close_book(settings, references)
        self._metrics = CloseMetrics(registry, self.book)

    def run(self, store: Store, through: datetime, now: datetime) -> None:
        """Takes in all that was received by `through`, which no event still to come may precede."""
        try:
            close_keeper(store, self.book).tick(through)
        finally:
            # A gate that cannot be kept must not hide what is known of the others.
            for entry in suspend_changed(store, self.book, now):
                log.warning("the close of %s %s was reopened: %s", entry.legal_entity, entry.period, entry.reason)
            self._metrics.show(read_close(store, self.book, now))
