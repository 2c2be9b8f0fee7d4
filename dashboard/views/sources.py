"""Sources: which are heard, late or silent, and what of them is refused; one with its contracts."""

from datetime import timedelta

import streamlit as st

from dashboard import reads, source_reads
from dashboard.components import filters
from dashboard.components.cards import facts_line, heading, notice
from dashboard.components.filters import TimeRange
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.markup import element
from dashboard.components.page import reader, shielded, write
from dashboard.components.source_pages import (
    SOURCE,
    contract_table,
    sources_page_table,
    state_of,
    troubles_table,
)
from dashboard.components.sources import sources_table
from dashboard.formatting import count_of

REFRESH = timedelta(seconds=20)
FOLLOWS = Follows(
    entity=False, region=False, currency=False, because="a source is heard or silent for all legal entities together"
)


def _page() -> None:
    with draw_frame(FOLLOWS).room:
        range_ = filters.time_range()
    asked = st.query_params.get(SOURCE, "").strip()
    if asked:
        st.button("All sources", key="all_sources", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
        st.fragment(_one, run_every=REFRESH)(asked, range_)
    else:
        st.fragment(_list, run_every=REFRESH)(range_)


def _list(range_: TimeRange) -> None:
    def draw() -> None:
        found = source_reads.freshness(range_.name)
        troubles = source_reads.troubles(range_.name)
        whole = [one for one in found if one.event_type is None]
        silent = sum(1 for one in whole if one.is_silent)
        write(heading("Sources", f"{count_of(len(whole), 'source')}, {silent} silent; {range_.words}"))
        if not whole:
            write(
                notice(
                    "No source was heard, and no contract names one",
                    "Every system that sends events stands here from its first event on.",
                    "make demo",
                )
            )
            return
        contracts = {one.source: source_reads.contracts_of(one.source) for one in whole}
        write(sources_page_table(found, troubles, contracts, reader()))
        named = {one.source for one in whole}
        others = [one for one in troubles if one.source not in named]
        if others:
            write(heading("Refused, of no source that is known"))
            write(troubles_table(others, reader()))

    shielded(draw)


def _one(source: str, range_: TimeRange) -> None:
    def draw() -> None:
        found = [one for one in source_reads.freshness(range_.name) if one.source == source]
        contracts = source_reads.contracts_of(source)
        if not found and not contracts:
            write(
                notice(
                    f"No source is known as “{source}”",
                    "It was never heard, and no contract names it.",
                    "milepost sources list",
                )
            )
            return
        who = reader()
        types = {one.event_type: one for one in found if one.event_type}
        whole = [one for one in found if one.event_type is None]
        for one in whole:
            has_silent = any(each.is_silent for each in types.values())
            title = element("h1", source, " ", state_of(one, who, has_silent_types=has_silent))
            known = source_reads.contracts().sources.get(source)
            facts = [f"{count_of(one.events, 'event')} in {range_.words}"]
            if known and known.aliases:
                facts.append(f"also called {', '.join(known.aliases)}")
            if known and known.rate_per_second:
                facts.append(f"may send {known.rate_per_second:g} a second")
            write(element("div", title, element("div", facts_line(facts), class_="mp-title-facts"), class_="mp-title"))
        troubles = [one for one in source_reads.troubles(range_.name) if one.source == source]
        write(heading("What breaks it", range_.words))
        if troubles:
            write(troubles_table(troubles, who))
        else:
            write(notice("Nothing went wrong", "No event of it was refused or flagged in this time."))
        write(heading("Contracts", count_of(len(contracts), "event type")))
        if contracts:
            write(contract_table(contracts, source, types, who))
        else:
            write(
                notice("Nothing is agreed", "No contract says what this source may send.", "milepost contracts check")
            )
        lately = [one for one in reads.sources() if one.source == source]
        if lately:
            with st.expander("By event type", key="by_type"):
                write(sources_table(lately, who))

    shielded(draw)


def _leave() -> None:
    st.query_params.pop(SOURCE, None)


shielded(_page)
