"""Keeps KPIs, hops, handoffs and the close up to date in a running Milepost, and shows the figures to Prometheus."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry

from close.book import CloseBook
from domain.errors import LeaseLost, StoreError, StoreUnreachable
from domain.kpi import Kpi
from domain.period import Periods
from domain.rule import Rule
from kpis.flow_keeper import keep_flow
from milepost.close_keeping import CloseKeeping
from milepost.demo.rates import demo_rates
from milepost.hop_keeping import HopKeeping
from milepost.kpi_book import KpiBook, load_kpi_book
from milepost.kpi_metrics import KpiMetrics
from milepost.settings import Settings
from rules.references import References
from storage.client import Store
from storage.kpi_cases import Pricing

log = logging.getLogger("milepost.kpis")


# To read all figures of thirty days costs more than to keep them, and they move slowly.
SHOWN_EVERY = timedelta(minutes=5)


class KpiKeeping:
    """The configured KPIs; ConfigError where their files are wrong."""

    def __init__(
        self, settings: Settings, references: References, registry: CollectorRegistry, now: datetime, *, demo: bool
    ) -> None:
        """The demo company has rates of its own where none are configured."""
        book = load_kpi_book(settings)
        self.book: KpiBook = book.with_rates(demo_rates(now.date())) if demo and not book.settings.rates else book
        self._metrics = KpiMetrics(registry)
        self._is_checked = False
        self._shown_at: datetime | None = None
        self.hops = HopKeeping(registry)
        self.close = CloseKeeping(settings, references, registry)

    @property
    def shown(self) -> tuple[Mapping[str, Kpi], Pricing, Periods, CloseBook]:
        """What the console shows figures by."""
        return self.book.kpis, self.book.settings.pricing, self.book.periods, self.close.book

    def check(self, store: Store) -> None:
        """ConfigError where the store says that a statement finds no cases; asked once."""
        if not self._is_checked:
            self.book.check(store)
            self._is_checked = True

    def watch(self, rules: Iterable[Rule]) -> None:
        """From the next keeping on, reads the figures that these rules judge."""
        self.book = self.book.watching(rules)

    def run(self, store: Store, through: datetime, now: datetime) -> None:
        """Takes in all that was received by `through`, which no event still to come may precede."""
        self.check(store)
        problems: list[str] = []
        # What cannot be kept must not keep the rest from being kept, nor from being shown.
        for keep in (
            lambda: self.hops.run(store, through, now, self.book.settings.pricing),
            lambda: self.book.keep(store, through, now),
            lambda: keep_flow(store, through),
            lambda: self.close.run(store, through, now),
        ):
            try:
                keep()
            except (StoreUnreachable, LeaseLost):
                raise
            except StoreError as error:
                problems.append(str(error))
            except Exception as error:
                log.exception("figures could not be kept")
                problems.append(f"{type(error).__name__}: {error}")
        if self._shown_at is None or now - self._shown_at >= SHOWN_EVERY:
            self._metrics.read(store, self.book, now)
            self._shown_at = now
        if problems:
            raise StoreError("\n".join(problems))
        self._metrics.kept_through.set(through.timestamp())
