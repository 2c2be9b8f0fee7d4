"""On-call: the incidents by cause, how hops go, and the alerts that stand; one of them with what to do with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import streamlit as st

from dashboard import reads
from dashboard.components import filters
from dashboard.components.acting import tell_done
from dashboard.components.alert_acting import draw_actions
from dashboard.components.alert_filters import states_and_ownership
from dashboard.components.alert_parts import alert_head, history_table, messages_table, people_list
from dashboard.components.alert_rows import alert_row, rows_head
from dashboard.components.cards import heading, notice
from dashboard.components.export import export
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.hop_health import draw_hop_health
from dashboard.components.incident_page import INCIDENT, draw_incident, draw_incidents
from dashboard.components.markup import as_label
from dashboard.components.page import reader, shielded, write
from dashboard.components.why import why_panel
from dashboard.export_sheets import alerts_sheet
from dashboard.formatting import count_of
from dashboard.framing import Frame
from dashboard.grafana_links import trace_in
from dashboard.session import current
from domain.alert import AlertState
from domain.alert_action import Handling
from storage.on_call import AlertFile, AlertWish

REFRESH = timedelta(seconds=5)
ALERT = "alert"
ONE_ALERT = Follows(entity=False, region=False, currency=False, because="one alert is shown, in its own currency")
ONE_INCIDENT = Follows(entity=False, region=False, because="one incident is shown, with all that waits behind it")
_ALERTS_A_PAGE = 15


def _page() -> None:
    tell_done()
    asked = st.query_params.get(ALERT, "").strip()
    incident = st.query_params.get(INCIDENT, "").strip()
    if asked:
        draw_frame(ONE_ALERT)
        _one(asked)
    elif incident:
        draw_incident(incident, draw_frame(ONE_INCIDENT).frame.currency, REFRESH)
    else:
        _list()


def _list() -> None:
    rules = sorted({count.rule for count in reads.alert_counts()})
    frame = draw_frame().frame
    is_part = bool(frame.entities or frame.regions)
    st.fragment(draw_incidents, run_every=REFRESH)(is_part=is_part)
    draw_hop_health(REFRESH, frame.currency, is_part=is_part)
    wish = _wish(frame, rules)
    st.fragment(_alerts, run_every=REFRESH)(wish)


def _wish(frame: Frame, rules: Sequence[str]) -> AlertWish:
    """Which alerts the reader wants to see."""
    with st.container(horizontal=True, vertical_alignment="center", key="alert_filters"):
        states, ownership = states_and_ownership()
        chosen = st.multiselect(
            "Rules",
            list(rules),
            key="rule",
            placeholder="All rules",
            label_visibility="collapsed",
            bind="query-params",
            persist_state="page",
            width=220,
        )
    return AlertWish(
        states=states,
        entities=frame.entities,
        regions=frame.regions,
        rules=tuple(sorted(chosen)),
        ownership=ownership,
    )


def _alerts(wish: AlertWish) -> None:
    shielded(lambda: _draw_alerts(wish))


def _draw_alerts(wish: AlertWish) -> None:
    page = _page_number()
    found = reads.standing_alerts(wish, _ALERTS_A_PAGE, (page - 1) * _ALERTS_A_PAGE)
    if not found.page.alerts and page > 1:
        # Alerts ended while the reader stood on a page that is no more.
        st.session_state["page"] = page = 1
        found = reads.standing_alerts(wish, _ALERTS_A_PAGE, 0)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="alerts_top"):
        write(heading("Alerts", f"{count_of(found.page.total, 'alert')} that stand, the worst first"))
        export("alerts", "alerts", found.page.total, alerts_sheet(wish))
    if not found.page.alerts:
        _nothing(wish)
        return
    who, muted = reader(), reads.muted_alerts()
    opened = False
    with st.container(key="alert_rows", gap=None):
        write(rows_head())
        for alert in found.page.alerts:
            handling = found.handling.get(alert.alert_id, Handling())
            with st.container(key=f"alert_row_{alert.alert_id}", gap=None):
                write(alert_row(alert, who, handling, muted.get(alert.alert_id, ())))
                # Over the whole row.
                opened |= st.button(
                    as_label(f"Open {alert.rule} on {alert.business_object.type} {alert.business_object.id}"),
                    key=f"open_{alert.alert_id}",
                    on_click=_open,
                    args=(alert.alert_id,),
                )
    if opened:
        # The whole page, not this part of it alone.
        st.rerun()
    pages = -(-found.page.total // _ALERTS_A_PAGE)
    if pages > 1:
        st.pagination(pages, key="page", bind="query-params", persist_state="page")


def _open(alert_id: str) -> None:
    """Leads to an alert, or with no id back to the list; in the URL at once, so that the next click finds it there."""
    if alert_id:
        st.query_params[ALERT] = alert_id
    else:
        st.query_params.pop(ALERT, None)


def _page_number() -> int:
    text = str(st.session_state.get("page") or st.query_params.get("page", "1"))
    return max(int(text), 1) if text.isdecimal() and len(text) < 7 else 1


def _nothing(wish: AlertWish) -> None:
    if wish == AlertWish():
        write(
            notice(
                "Nothing is open",
                "An alert stands here from the moment an object is about to miss its service window until it is "
                "resolved. What was resolved stays in the list:",
                "milepost alerts list --state resolved",
            )
        )
        return
    write(notice("No alert is so", "None of the alerts that stand meets what is chosen above. Choose less of it."))


def _one(asked: str) -> None:
    st.button("All alerts", key="all_alerts", icon=":material/arrow_back:", type="tertiary", on_click=_open, args=("",))
    file = reads.alert_file(asked)
    if file is None:
        write(
            notice(
                f"No alert is known as “{asked}”",
                "Its id may be cut too short to name one alone, or of another store. What stands is in the list:",
                "milepost alerts list",
            )
        )
        return
    alert_id = file.record.alert_id
    st.fragment(_head, run_every=REFRESH)(alert_id)
    # Not in a fragment that refreshes: what somebody types must stay.
    draw_actions(file)
    st.fragment(_rest, run_every=REFRESH)(alert_id)


def _head(alert_id: str) -> None:
    def draw() -> None:
        file = reads.alert_file(alert_id)
        if file:
            write(alert_head(file, reader(), reads.muted_alerts().get(alert_id, ())))

    shielded(draw)


def _rest(alert_id: str) -> None:
    def draw() -> None:
        file = reads.alert_file(alert_id)
        if file:
            _draw_rest(file)

    shielded(draw)


def _draw_rest(file: AlertFile) -> None:
    who, record = reader(), file.record
    with st.container(key="alert_links", horizontal=True, vertical_alignment="center"):
        st.page_link(
            filters.TRACE_PAGE,
            label=as_label(f"Trace {record.business_object.type} {record.business_object.id}"),
            icon=":material/route:",
            query_params={filters.OBJECT: str(record.business_object)},
        )
        context = current()
        for trace_id in record.trace_ids[:1] if context.grafana_url else ():
            address = trace_in(context.grafana_url, context.store.database, trace_id)
            st.page_link(address, label="Call in Grafana", icon=":material/open_in_new:")
    if runbook := record.annotations.get("runbook") or record.annotations.get("runbook_url"):
        write(heading("What to do"))
        st.text(runbook)
    if record.actions:
        write(heading("People", count_of(len(record.actions), "line")))
        write(people_list(record.actions, who))
    write(heading("Why"))
    # What people did stands above.
    write(why_panel([replace(record, actions=())], who))
    write(heading("Who was told", count_of(len(file.messages), "message")))
    if file.messages:
        write(messages_table(file.messages, who))
    else:
        told = "What is at risk or cannot be judged is told to nobody." if record.state is not AlertState.FIRING else ""
        write(notice("Nobody was told yet", f"{told} A message goes out at its group's next flush.".strip()))
    write(heading("History", count_of(len(file.changes), "change")))
    write(history_table(file.changes, who))


shielded(_page)
