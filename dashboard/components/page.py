"""What every page does alike: who reads, in which theme, and what is shown while the store does not answer."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import people
from dashboard.components.cards import notice
from dashboard.components.markup import Html, element
from dashboard.components.palette import Palette, palette_for
from dashboard.formatting import Reader, write_numbers_for, zone_named
from dashboard.reads import now
from dashboard.sign_in import Person
from domain.errors import StoreError, StoreUnreachable


def reader() -> Reader:
    """Who reads: in the zone of their browser, at this instant."""
    return Reader(zone_named(st.context.timezone), now())


def palette() -> Palette:
    """The colours of the theme the reader sees."""
    return palette_for(st.context.theme.type)


def figure_width() -> int:
    """About how many pixels a wide figure has; a phone says that it is one."""
    return 250 if "Mobi" in (st.context.headers.get("User-Agent") or "") else 900


def write(markup: Html) -> None:
    """Puts markup on the page."""
    st.html(markup)


def loading(key: str) -> DeltaGenerator:
    """Room for a part of a page; until the part is there a grey block of about its size stands in its place."""
    room = st.container(key=f"soon_{key}")
    with room:
        write(element("div", class_="mp-skeleton", aria_hidden="true"))
    return room


def shielded(draw: Callable[[], None]) -> None:
    """Draws a part of a page, or says in its place that the store does not answer and what still works.

    A part that refreshes by itself ends with the reader's sign-in.
    """
    if not isinstance(people.visitor(), Person):
        st.rerun()
    shielded_from_store(draw)


def shielded_from_store(draw: Callable[[], None]) -> None:
    """The same for whoever reads."""
    # A part that is drawn anew may run in another thread than the page did.
    write_numbers_for(st.context.locale)
    try:
        draw()
    except StoreUnreachable as error:
        write(
            notice(
                "The store does not answer",
                f"{error}. Collectors keep what they are sent until it does. This page tries again by itself.",
                "milepost migrate --dry-run",
                tone="firing",
            )
        )
    except StoreError as error:
        write(
            notice(
                "The store refused to answer",
                f"{error}. If the program was updated, its schema may be older than the program:",
                "milepost migrate",
                tone="firing",
            )
        )
