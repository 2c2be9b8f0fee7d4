"""Flow map: how work goes from milestone to milestone, found from the data, and what waits on the way."""

from datetime import timedelta
from typing import Any

import streamlit as st

from dashboard import flow_reads
from dashboard.components import filters
from dashboard.components.cards import heading, notice, sentence
from dashboard.components.export import export
from dashboard.components.figures import CONFIG
from dashboard.components.filters import TimeRange
from dashboard.components.flow_figure import edge_key, flow_figure
from dashboard.components.flow_tables import edge_facts, flow_text, flow_words, handoffs_table, legend, objects_table
from dashboard.components.frame import draw_frame
from dashboard.components.page import loading, palette, reader, shielded, write
from dashboard.export_sheets import handoffs_sheet, objects_sheet
from dashboard.formatting import count_of
from domain.flow import FlowMap, MapEdge
from storage.flow import FlowFilter

REFRESH = timedelta(seconds=20)
EDGE = "edge"
_OBJECTS_A_PAGE = 20
# Shares of objects, in percent.
_SHARES = (0, 1, 2, 5, 10, 20, 50)


def _page() -> None:
    known = flow_reads.dimensions()
    drawn = draw_frame()
    frame, currency = drawn.frame, drawn.frame.currency
    with drawn.room:
        range_ = filters.time_range("7d", "stretch")
    with st.container(horizontal=True, vertical_alignment="center", key="flow_filters"):
        types: list[str] = st.multiselect(
            "Objects",
            list(known.object_types),
            key="objects",
            placeholder="All objects",
            label_visibility="collapsed",
            bind="query-params",
            width=260,
        )
        least = st.select_slider(
            "Hide handoffs that fewer objects made than",
            _SHARES,
            value=1,
            format_func=lambda share: f"{share} %",
            key="rare",
            bind="query-params",
            width=260,
        )
    which = FlowFilter(tuple(sorted(types)), frame.entities, frame.regions)
    with loading("map"):
        flow = flow_reads.map_of(range_.name, which, currency)
        if not flow.edges:
            st.fragment(_nothing_yet, run_every=REFRESH)(range_, which, currency)
            return
        st.fragment(_map, run_every=REFRESH)(range_, which, currency, least / 100)
    chosen = _chosen(flow)
    if chosen:
        st.fragment(_behind, run_every=REFRESH)(range_, which, currency, chosen)


def _chosen(flow: FlowMap) -> str:
    """The handoff whose objects are shown: chosen in the picture, or from the list by name."""
    keys = sorted(edge_key(edge.handoff) for edge in flow.edges)
    wanted = st.query_params.get(EDGE, "")
    if wanted and wanted not in keys:
        # Made by nobody in this stretch of time; the link to it stays right.
        keys.append(wanted)
    return (
        st.selectbox(
            "Objects of a handoff",
            keys,
            index=None,
            key=EDGE,
            placeholder="Choose a handoff, here or in the picture, to see its objects",
            label_visibility="collapsed",
            bind="query-params",
        )
        or ""
    )


def _nothing_yet(range_: TimeRange, which: FlowFilter, currency: str) -> None:
    if flow_reads.map_of(range_.name, which, currency).edges:
        # The whole page, which then has something to choose from.
        st.rerun()
    write(
        notice(
            "No handoff was made in this time",
            "Here stands the way that work takes from milestone to milestone, as soon as events tell of it, "
            "brought up to date once a minute. Choose a longer time range or fewer filters above, or see the demo's:",
            "make demo",
        )
    )


def _map(range_: TimeRange, which: FlowFilter, currency: str, least_share: float) -> None:
    def draw() -> None:
        flow = flow_reads.map_of(range_.name, which, currency)
        shown = [edge for edge in flow.edges if edge.share >= least_share]
        # Of what is drawn: a sentence about a hidden path sends readers to look for what is not there.
        write(sentence(*flow_words(shown)))
        hidden = len(flow.edges) - len(shown)
        note = f"{range_.words}, {count_of(len(shown), 'handoff')}"
        write(heading("How work flows", f"{note}, {count_of(hidden, 'rare one')} hidden" if hidden else note))
        write(legend())
        st.plotly_chart(
            flow_figure(flow, least_share, str(st.session_state.get(EDGE) or ""), palette()),
            theme=None,
            config=CONFIG,
            key="flow",
            on_select=_pick,
            selection_mode="points",
            alt=flow_text(flow),
        )
        with st.expander("As a table", key="flow_table"):
            export("handoffs", "handoffs", len(flow.edges), handoffs_sheet(flow))
            write(handoffs_table(shown))
        if st.session_state.pop("flow_picked", False):
            # The whole page, not this part of it alone.
            st.rerun()

    shielded(draw)


def _pick() -> None:
    """Takes what was clicked in the picture as the chosen handoff."""
    selection: Any = st.session_state["flow"]["selection"]
    keys = [point["customdata"] for point in selection["points"] if "customdata" in point]
    if keys:
        key = keys[0][0] if isinstance(keys[0], list) else keys[0]
        st.session_state[EDGE] = key
        st.session_state["flow_picked"] = True


def _behind(range_: TimeRange, which: FlowFilter, currency: str, chosen: str) -> None:
    def draw() -> None:
        edge = _edge_of(flow_reads.map_of(range_.name, which, currency), chosen)
        write(heading(chosen, range_.words))
        if edge is None:
            write(notice("Nobody made this handoff", "Choose a longer time range or fewer filters above."))
            return
        write(edge_facts(edge))
        is_waiting = (
            st.segmented_control(
                "Which",
                ["made it", "wait for it"],
                default="made it",
                required=True,
                key="which",
                label_visibility="collapsed",
                bind="query-params",
            )
            == "wait for it"
        )
        key = f"flow_page {chosen} {is_waiting}"
        first = (int(st.session_state.get(key, 1)) - 1) * _OBJECTS_A_PAGE
        found, total = flow_reads.objects_of(edge.handoff, range_.name, which, is_waiting, _OBJECTS_A_PAGE, first)
        if not found and first:
            # That page has gone since it was chosen.
            found, total = flow_reads.objects_of(edge.handoff, range_.name, which, is_waiting, _OBJECTS_A_PAGE, 0)
        sheet = objects_sheet(edge.handoff, range_.name, which, reader().now, is_waiting=is_waiting)
        export("handoff", "handoff-objects", total, sheet)
        if found:
            write(objects_table(found, reader(), is_waiting=is_waiting))
        else:
            write(
                notice("No object is so", "Nobody waits here." if is_waiting else "Choose a longer time range above.")
            )
        pages = -(-total // _OBJECTS_A_PAGE)
        if pages > 1:
            st.pagination(pages, key=key)

    shielded(draw)


def _edge_of(flow: FlowMap, chosen: str) -> MapEdge | None:
    return next((edge for edge in flow.edges if edge_key(edge.handoff) == chosen), None)


shielded(_page)
