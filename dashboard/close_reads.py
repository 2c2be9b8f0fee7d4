"""The close page's reads of the store, each kept for a few seconds so that many readers cost as much as one."""

from datetime import timedelta

import streamlit as st

from close.book import CloseBook
from close.readiness import read_close
from dashboard.reads import now
from dashboard.session import current
from domain.close import EntityClose, SignOff
from storage.close_cases import CasesWhich, CloseCase, case_rows
from storage.close_sign_offs import sign_off_history

# The close is kept up to date once a minute.
STEADY = timedelta(seconds=10)
_ENTRIES = 50


def book() -> CloseBook | None:
    """The configured close; None where the console was attached without one."""
    return current().close


def period_names() -> list[str]:
    """The periods to choose from, the one whose cutoff comes next first."""
    return _book().period_names(now())


@st.cache_data(ttl=STEADY, show_spinner=False)
def closes(period: str, entities: tuple[str, ...]) -> list[EntityClose]:
    return read_close(current().store, _book(), now(), period, entities)


@st.cache_data(ttl=STEADY, show_spinner=False)
def cases(
    period: str, entities: tuple[str, ...], gate: str, which: CasesWhich, limit: int, offset: int
) -> tuple[list[CloseCase], int]:
    """A page of the cases of a gate, or of all, with how many there are; of these legal entities, or of all."""
    at, found = now(), _book()
    gates = [found.gate(gate)] if gate else list(found.gates)
    extents = [scope.extent.only(entities) if entities else scope.extent for scope in found.scopes(period, at)]
    return case_rows(current().store, gates, extents, found.pricing, at, which=which, limit=limit, offset=offset)


@st.cache_data(ttl=STEADY, show_spinner=False)
def history(legal_entity: str, period: str) -> list[SignOff]:
    return list(sign_off_history(current().store, legal_entity, period, _ENTRIES))


def forget_closes() -> None:
    """What was just changed is read anew, by every reader."""
    for one in (closes, history):
        one.clear()


def _book() -> CloseBook:
    found = book()
    if found is None:
        raise RuntimeError("the console has no close attached; start it with `milepost up`")
    return found
