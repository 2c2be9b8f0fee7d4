"""The console's reads of hops, each kept for a few seconds so that many readers cost as much as one."""

from datetime import datetime

import streamlit as st

from dashboard.components.filters import RANGES
from dashboard.reads import FRESH, STEADY, now
from dashboard.session import current
from domain.hop import Hop, HopList, Outlook
from kpis.hop_figures import HopCourse, hop_courses, hop_list
from kpis.hop_keeper import kept_through
from kpis.hop_outlook import hop_outlooks

# Bars in a small figure.
STEPS = 30


@st.cache_data(ttl=FRESH, show_spinner=False)
def hops(range_name: str, currency: str) -> HopList:
    """Every hop over a stretch of time that ends with the last minute that is counted."""
    until = _until()
    return hop_list(current().store, until - RANGES[range_name].length, until, current().pricing.into(currency))


@st.cache_data(ttl=FRESH, show_spinner=False)
def courses(range_name: str) -> dict[Hop, HopCourse]:
    """How each hop went, in as many steps as its figures have bars."""
    until = _until()
    return hop_courses(current().store, until - RANGES[range_name].length, until, STEPS)


@st.cache_data(ttl=STEADY, show_spinner=False)
def outlooks(hop: Hop, currency: str) -> list[Outlook]:
    """What would wait behind a hop that stays down until the cutoff."""
    return hop_outlooks(current().store, hop, current().periods, now(), current().pricing.into(currency))


def _until() -> datetime:
    return min(kept_through(current().store) or now(), now())
