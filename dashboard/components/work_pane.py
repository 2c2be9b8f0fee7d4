"""The pane beside the work list: one object with its timeline, its linked objects, its events and what people said."""

import streamlit as st

from dashboard import reads
from dashboard.components import filters
from dashboard.components.alert_parts import people_list
from dashboard.components.cards import facts_line, heading, notice, state_chip
from dashboard.components.figures import CONFIG
from dashboard.components.markup import element
from dashboard.components.page import palette, reader, write
from dashboard.components.tables import events_table, objects_table
from dashboard.components.timeline import systems_of, timeline_figure, whole
from dashboard.formatting import count_of, grouped
from storage.on_call import AlertFile
from storage.trace_view import Journey

_PANE_WIDTH = 460


def draw_pane(file: AlertFile) -> None:
    """All about one object, without leaving the list."""
    record, who = file.record, reader()
    title = element(
        "h1", element("span", record.business_object.type, class_="mp-title-type"), record.business_object.id
    )
    reason = element("div", who.in_words(record.reason), class_="mp-title-reason")
    facts = element("div", facts_line([record.rule, state_chip(record.state)]), class_="mp-title-facts")
    write(element("div", title, facts, reason, class_="mp-title"))
    st.page_link(
        filters.TRACE_PAGE,
        label="Trace it whole",
        icon=":material/route:",
        query_params={filters.OBJECT: str(record.business_object)},
    )
    write(heading("Notes", count_of(len(record.actions), "line")))
    if record.actions:
        write(people_list(record.actions, who))
    else:
        write(notice("Nobody said anything yet", "What you comment, assign or request stands here, with who and when."))
    journey = reads.journey(str(record.business_object))
    if journey:
        _draw_journey(journey)


def _draw_journey(journey: Journey) -> None:
    who = reader()
    milestones = ", ".join(f"{event.type} at {who.instant(event.occurred_at)}" for event in journey.events)
    write(heading("Timeline", count_of(len(journey.events), "event")))
    st.plotly_chart(
        timeline_figure(journey, whole(journey, who), who, palette(), _PANE_WIDTH),
        theme=None,
        config=CONFIG,
        key="pane_timeline",
        alt=f"Milestones: {milestones or 'none'}.",
    )
    write(heading("Related objects", count_of(len(journey.objects), "object")))
    write(objects_table(journey.objects, journey.events, {}, systems_of(journey)))
    with st.expander(f"Events ({grouped(len(journey.events))})", key="pane_events"):
        write(events_table(journey.events, who))
