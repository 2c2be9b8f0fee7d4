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

    def run(self, store: Store, through: datetime, now: datetime, pricing: Pricing) -> None:
        """Takes in the minutes that are over by `through`, which no event still to come may precede, nor any span."""
        kept = HopKeeper(store).tick(min(through, now - INSERTED_WITHIN))
        self._metrics.read(store, kept or now, pricing)
