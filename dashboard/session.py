"""What the pages work with: what the program attached before it began to serve."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from alerts.muting import Routing, shipped_routing
from close.book import CloseBook
from domain.clock import Clock
from domain.contract import Contracts
from domain.kpi import Kpi
from domain.span_names import SpanNames
from storage.client import Store
from storage.kpi_cases import Pricing

NO_KPIS: Mapping[str, Kpi] = {}


@dataclass(frozen=True, slots=True)
class ConsoleContext:
    """What one process serves its console from."""

    store: Store
    clock: Clock
    span_names: SpanNames
    contracts: Contracts
    routing: Callable[[], Routing]
    kpis: Mapping[str, Kpi]
    pricing: Pricing
    close: CloseBook | None = None


# Streamlit runs page scripts in threads of its own and hands them nothing, so what they share is kept here.
_attached: list[ConsoleContext] = []


def attach(
    store: Store,
    clock: Clock,
    span_names: SpanNames = SpanNames(),
    contracts: Contracts = Contracts(),
    routing: Callable[[], Routing] = shipped_routing,
    kpis: Mapping[str, Kpi] = NO_KPIS,
    pricing: Pricing = Pricing("EUR", 7),
    close: CloseBook | None = None,
) -> None:
    """Makes every page of this process read from `store` at the instants of `clock`."""
    if _attached:
        # What was read from another store is not this one's.
        st.cache_data.clear()
    _attached[:] = [ConsoleContext(store, clock, span_names, contracts, routing, kpis, pricing, close)]


def current() -> ConsoleContext:
    """What was attached; RuntimeError where a page is run without the program around it."""
    if not _attached:
        raise RuntimeError("the console has no store attached; start it with `milepost up`")
    return _attached[0]
