"""Which alerts the reader wants to see: how they stand, and whose they are; kept in the URL."""

import streamlit as st

from dashboard.components.palette import STATE_WORDS
from domain.alert import AlertState
from storage.on_call import Ownership

_EVERYBODYS = "Everybody's"
_OWNED = {_EVERYBODYS: Ownership.ALL, "Nobody's": Ownership.NOBODY, "Taken": Ownership.TAKEN}
_STATES = {STATE_WORDS[state]: state for state in (AlertState.FIRING, AlertState.AT_RISK, AlertState.SUSPENDED)}


def states_and_ownership() -> tuple[tuple[str, ...], Ownership]:
    """The states that are chosen, none for all, and whose alerts."""
    states = st.segmented_control(
        "State",
        list(_STATES),
        selection_mode="multi",
        key="state",
        label_visibility="collapsed",
        bind="query-params",
        persist_state="page",
    )
    owned = st.segmented_control(
        "Whose",
        list(_OWNED),
        default=_EVERYBODYS,
        required=True,
        key="whose",
        label_visibility="collapsed",
        bind="query-params",
        persist_state="page",
    )
    return tuple(_STATES[word].value for word in states or ()), _OWNED[owned or _EVERYBODYS]
