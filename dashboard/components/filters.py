"""What the reader chooses on a page: a stretch of time, and what to search; kept in the URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

TRACE_PAGE = "views/trace_object.py"
# The query parameter that names what to trace; alerts' links use it too.
OBJECT = "object"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A stretch of time up to now, and the slices in which counts over it are shown."""

    name: str
    words: str
    before: str
    length: timedelta
    slice: timedelta


RANGES = {
    each.name: each
    for each in (
        TimeRange("1h", "the last hour", "the hour before", timedelta(hours=1), timedelta(minutes=1)),
        TimeRange("24h", "the last 24 hours", "the 24 hours before", timedelta(hours=24), timedelta(minutes=30)),
        TimeRange("7d", "the last 7 days", "the 7 days before", timedelta(days=7), timedelta(hours=3)),
        TimeRange("30d", "the last 30 days", "the 30 days before", timedelta(days=30), timedelta(hours=12)),
    )
}


def bar() -> DeltaGenerator:
    """The row on top of every page: the search box, with room for the page's own filters beside it."""
    row = st.container(horizontal=True, vertical_alignment="center", key="bar")
    with row:
        _search_box()
    return row


def _search_box() -> None:
    """One box everywhere: an id of any kind, which opens its trace."""

    def search() -> None:
        # Sent on from the page's body: a callback cannot switch pages.
        st.session_state["wanted"] = st.session_state["search"].strip()

    st.text_input(
        "Search any order, invoice, payment, correlation or trace id",
        key="search",
        placeholder="Search any order, invoice, payment, correlation or trace id",
        label_visibility="collapsed",
        icon=":material/search:",
        on_change=search,
    )
    wanted = st.session_state.pop("wanted", "")
    if wanted:
        st.switch_page(TRACE_PAGE, query_params={OBJECT: wanted})


def time_range(usual: str = "24h", key: str = "range") -> TimeRange:
    """The stretch of time that the figures are about; the usual one until the reader chooses.

    Pages with another usual one have another key: what was chosen on one is not meant for the other.
    """
    chosen = st.segmented_control(
        "Time range",
        list(RANGES),
        default=usual,
        required=True,
        key=key,
        label_visibility="collapsed",
        bind="query-params",
    )
    return RANGES[chosen or usual]


def named_range(usual: str, key: str, periods: Sequence[str]) -> str:
    """The name of a stretch of time up to now, or of an accounting period; what the URL names stays a choice."""
    wanted = st.query_params.get(key, "")
    names = [*(name for name in RANGES if name != "1h"), *periods]
    chosen = st.segmented_control(
        "Time range",
        names,
        default=usual,
        required=True,
        key=key,
        label_visibility="collapsed",
        bind="query-params",
    )
    return chosen or (wanted if wanted in names else usual)
