"""The parts of the on-call page about incidents: those that are open, and one with all about it."""

from datetime import timedelta

import streamlit as st

from dashboard import hop_reads, incident_reads, reads
from dashboard.components import filters
from dashboard.components.cards import heading, notice
from dashboard.components.hops import outlook_table
from dashboard.components.incident_acting import choose, draw_incident_actions
from dashboard.components.incidents import incident_alerts, incident_card, incident_head, incidents_table
from dashboard.components.page import reader, shielded, write
from dashboard.formatting import count_of
from dashboard.framing import OF_ALL
from dashboard.incident_reads import IncidentFile
from domain.hop import Hop, HopKind
from kpis.hop_figures import NOTHING_WAITS

INCIDENT = "incident"


def draw_incidents(*, is_part: bool) -> None:
    """The open incidents, the latest first; a tap opens one."""
    shielded(lambda: _draw_all(is_part=is_part))


def _draw_all(*, is_part: bool) -> None:
    found = incident_reads.open_files(reads.MOST_INCIDENTS)
    note = "one cause each; every alert of it stands in the list below" if found else ""
    if is_part:
        note = f"one cause each, with all that waits behind it{OF_ALL}"
    write(heading("Incidents", note))
    if not found:
        write(
            notice(
                "No hop is known to hold anything up",
                "Alerts that wait behind the same failing call or queue stand here as one incident, with the money "
                "behind it. Those that were are over:",
                "milepost incidents list --state over",
            )
        )
        return
    who, opened = reader(), False
    with st.container(key="incident_rows", gap="small"):
        for file in found:
            id_ = file.incident.incident_id
            with st.container(key=f"incident_row_{id_}", gap=None):
                write(incident_card(file, who))
                with st.container(horizontal=True, key=f"incident_do_{id_}", gap="small"):
                    label = "Acknowledge all"
                    opened |= st.button(
                        label, key=f"take_{id_}", icon=":material/check:", on_click=_open_to_act, args=(id_,)
                    )
                    opened |= st.button(
                        "Look into it",
                        key=f"look_{id_}",
                        icon=":material/arrow_forward:",
                        on_click=open_incident,
                        args=(id_,),
                    )
    with st.expander("As a table", key="incidents_as_table"):
        write(incidents_table(found, who))
    if opened:
        # The whole page, not this part of it alone.
        st.rerun()


def open_incident(incident_id: str) -> None:
    """Leads to an incident, or with no id back to the list; in the URL at once."""
    if incident_id:
        st.query_params[INCIDENT] = incident_id
    else:
        st.query_params.pop(INCIDENT, None)


def _open_to_act(incident_id: str) -> None:
    open_incident(incident_id)
    choose(incident_id, "acknowledge")


def draw_incident(asked: str, currency: str, refresh: timedelta) -> None:
    """One incident: what waits, what to do with it, what would wait at the cutoff, and its alerts."""
    st.button(
        "All incidents and alerts",
        key="all_incidents",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=open_incident,
        args=("",),
    )
    file = incident_reads.incident_file(asked)
    if file is None:
        write(
            notice(
                f"No incident is known as “{asked}”",
                "Its id may be cut too short to name one alone, or of another store. Those that there are:",
                "milepost incidents list",
            )
        )
        return
    st.fragment(_head, run_every=refresh)(file.incident.incident_id)
    # Not in a fragment that refreshes: what somebody types must stay.
    draw_incident_actions(file)
    st.fragment(_rest, run_every=refresh)(file.incident.incident_id, currency)


def _head(incident_id: str) -> None:
    def draw() -> None:
        if file := incident_reads.incident_file(incident_id):
            write(incident_head(file, reader()))

    shielded(draw)


def _rest(incident_id: str, currency: str) -> None:
    def draw() -> None:
        if file := incident_reads.incident_file(incident_id):
            _draw_rest(file, currency)

    shielded(draw)


def _draw_rest(file: IncidentFile, currency: str) -> None:
    who = reader()
    with st.container(key="incident_links", horizontal=True, vertical_alignment="center"):
        if file.example:
            st.page_link(
                filters.TRACE_PAGE,
                label="A trace that failed here",
                icon=":material/route:",
                query_params={filters.OBJECT: file.example.trace_id},
            )
    if file.runbook:
        write(heading("What to do"))
        st.text(file.runbook)
    hop = _hop_of(file, currency)
    if hop is not None and file.incident.ended_at is None:
        # Others go over the same hop, and what holds these up may let them pass.
        outlooks = [one for one in hop_reads.outlooks(hop, currency) if one.objects]
        write(heading("If it stays down until the cutoff", f"{hop.name}, of whom something waits"))
        if outlooks:
            write(outlook_table(outlooks, currency, who))
    write(heading("Alerts", f"{count_of(len(file.alerts), 'alert')}, those that are open first"))
    write(incident_alerts(file, who))


def _hop_of(file: IncidentFile, currency: str) -> Hop | None:
    """The hop into the failing service that most waits behind."""
    found = [
        one
        for one in hop_reads.hops("24h", currency).hops
        if one.waiting is not NOTHING_WAITS and one.hop.to_service in (file.incident.service, file.incident.operation)
    ]
    calls = [one.hop for one in found if one.hop.kind is not HopKind.DOOR]
    return calls[0] if calls else None
