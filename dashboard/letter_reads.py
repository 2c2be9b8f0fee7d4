"""The console's reads of dead letters, each kept for a few seconds so that many readers cost as much as one."""

import streamlit as st

from collector.replay import Fate, Selection
from dashboard.doors import doors
from dashboard.reads import FRESH
from dashboard.session import current
from domain.audit import Actor
from storage.dead_letters import DeadLetter, LetterFilter
from storage.letter_pages import LetterPage, LetterReason, WholeLetter, letter_page, letter_reasons, whole_letter


@st.cache_data(ttl=FRESH, show_spinner=False)
def reasons() -> list[LetterReason]:
    return letter_reasons(current().store)


@st.cache_data(ttl=FRESH, show_spinner=False)
def page(letters: LetterFilter, limit: int, offset: int) -> LetterPage:
    return letter_page(current().store, letters, limit, offset)


@st.cache_data(ttl=FRESH, show_spinner=False)
def letter(dead_letter_id: str) -> WholeLetter | None:
    return whole_letter(current().store, dead_letter_id)


def waiting() -> int:
    """How many letters wait."""
    return sum(reason.waiting for reason in reasons())


def foretold(selection: Selection) -> list[tuple[DeadLetter, Fate]] | None:
    """What a replay would do with each letter now, of a page at most; None where this process cannot replay."""
    replay = doors().replay
    return None if replay is None else replay.run(selection, Actor(""), dry_run=True).results


def forget() -> None:
    """What was just changed is read anew."""
    for one in (reasons, page, letter):
        one.clear()
