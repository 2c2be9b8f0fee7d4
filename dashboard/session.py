"""What the pages work with: what the program attached before it began to serve."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from alerts.muting import Routing, shipped_routing
from close.book import CloseBook
from dashboard.rule_drafts import Desk
from dashboard.rule_files import RuleFiles
from dashboard.sign_in import SignIn
from domain.clock import Clock
from domain.contract import Contracts
from domain.kpi import Kpi
from domain.period import Periods
from domain.span_names import SpanNames
from storage.client import Store
from storage.kpi_cases import Pricing


@dataclass(frozen=True, slots=True)
class ConsoleContext:
    """What one process serves its console from."""

    store: Store
    clock: Clock
    span_names: SpanNames = field(default_factory=SpanNames)
    contracts: Contracts = field(default_factory=Contracts)
    routing: Callable[[], Routing] = shipped_routing
    kpis: Mapping[str, Kpi] = field(default_factory=dict)
    pricing: Pricing = field(default_factory=lambda: Pricing("EUR", 7))
    periods: Periods = field(default_factory=Periods)
    # None where no close is configured.
    close: CloseBook | None = None
    # None where the console is shown without the program around it.
    rule_files: RuleFiles | None = None
    # Without one the console is for this machine alone, and whoever is at it may do everything.
    sign_in: SignIn | None = None
    # The sign-ins that were written down.
    noted: set[str] = field(default_factory=set)
    desk: Desk = field(default_factory=Desk)
    # Where Grafana shows the boards; empty where nobody said.
    grafana_url: str = ""


# Streamlit runs page scripts in threads of its own and hands them nothing, so what they share is kept here.
_attached: list[ConsoleContext] = []


def attach(context: ConsoleContext) -> None:
    """Makes every page of this process read and act through a context."""
    if _attached:
        # What was read from another store is not this one's.
        st.cache_data.clear()
    _attached[:] = [context]


def current() -> ConsoleContext:
    """What was attached; RuntimeError where a page is run without the program around it."""
    if not _attached:
        raise RuntimeError("the console has no store attached; start it with `milepost up`")
    return _attached[0]
