"""What the flow map reads of the store, each kept for a while so that many readers cost as much as one."""

import streamlit as st

from dashboard.components.filters import RANGES
from dashboard.reads import STEADY, now
from dashboard.session import current
from domain.flow import FlowMap, Handoff
from rules.watched_handoffs import flow_map
from storage import flow
from storage.flow import FlowFilter, HandoffObject


@st.cache_data(ttl=STEADY, show_spinner=False)
def dimensions() -> FlowFilter:
    """All that handoffs can be limited to."""
    return flow.dimensions(current().store)


@st.cache_data(ttl=STEADY, show_spinner=False)
def map_of(range_name: str, which: FlowFilter, currency: str) -> FlowMap:
    """The map of a stretch of time up to now."""
    context, until = current(), now()
    return flow_map(context.store, until - RANGES[range_name].length, until, context.pricing.into(currency), which)


@st.cache_data(ttl=STEADY, show_spinner=False)
def objects_of(
    handoff: Handoff, range_name: str, which: FlowFilter, is_waiting: bool, limit: int, offset: int
) -> tuple[list[HandoffObject], int]:
    """A page of the objects behind a handoff."""
    until = now()
    since, end = flow.whole_hours(until - RANGES[range_name].length, until)
    return flow.handoff_objects(
        current().store, handoff, since, end, until, which, is_waiting=is_waiting, limit=limit, offset=offset
    )
