"""Keeps calls by the minute in a running Milepost, and shows hops to Prometheus."""

from datetime import datetime

from prometheus_client import CollectorRegistry

from kpis.hop_keeper import INSERTED_WITHIN, HopKeeper
from milepost.hop_metrics import HopMetrics
from storage.client import Store
from storage.kpi_cases import Pricing


class HopKeeping:
    """The hops of one running Milepost."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._metrics = HopMetrics(registry)

    def run(self, store: Store, now: datetime, pricing: Pricing) -> None:
        """Takes in the minutes that are over, and in which no span is still to be seen."""
        through = HopKeeper(store).tick(now - INSERTED_WITHIN)
        self._metrics.read(store, through or now, pricing)
