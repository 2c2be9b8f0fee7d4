"""The console's reads about sources: how they do over a stretch of time, and what of them went wrong."""

import streamlit as st

from dashboard.components.filters import RANGES
from dashboard.reads import STEADY, now
from dashboard.session import current
from domain.contract import Contracts, EventContract
from rules.engine import ENGINE
from storage.freshness import SourceFreshness, known_through, source_freshness
from storage.source_troubles import Trouble, source_troubles


@st.cache_data(ttl=STEADY, show_spinner=False)
def freshness(range_name: str) -> list[SourceFreshness]:
    context = current()
    at = known_through(context.store, ENGINE, now())
    return source_freshness(context.store, context.contracts, at, RANGES[range_name].length)


@st.cache_data(ttl=STEADY, show_spinner=False)
def troubles(range_name: str) -> list[Trouble]:
    return source_troubles(current().store, now() - RANGES[range_name].length)


def contracts() -> Contracts:
    """What is agreed."""
    return current().contracts


def contracts_of(source: str) -> list[EventContract]:
    """The contracts of the event types that a source's word counts for, by name."""
    return sorted((one for one in contracts().events.values() if one.may_state(source)), key=lambda one: one.type)
