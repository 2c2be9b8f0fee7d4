"""Finance operations: what is stuck, the most money and the least time first, and what to do about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import streamlit as st

from dashboard import kpi_reads, reads
from dashboard.components.acting import tell_done
from dashboard.components.alert_filters import states_and_ownership
from dashboard.components.cards import heading, notice, sentence
from dashboard.components.export import export
from dashboard.components.frame import draw_frame
from dashboard.components.markup import as_label
from dashboard.components.money_funnel import funnel
from dashboard.components.page import reader, shielded, write
from dashboard.components.work_acting import draw_work_actions
from dashboard.components.work_pane import draw_pane
from dashboard.components.work_rows import picked_words, work_head, work_row
from dashboard.export_sheets import work_sheet
from dashboard.formatting import compact_money, count_of, grouped
from dashboard.framing import Frame
from domain.alert import AlertState
from storage.work_list import WorkItem, WorkPage, WorkWish

REFRESH = timedelta(seconds=5)
SHOWN = "alert"
_A_PAGE = 12
_PICKED, _CHANGED = "picked_work", "work_changed"


def _page() -> None:
    tell_done()
    frame = draw_frame().frame
    wish = _filters(frame)
    st.fragment(_summary, run_every=REFRESH)(frame)
    shown = st.query_params.get(SHOWN, "")
    file = reads.alert_file(shown) if shown else None
    if shown and file is None:
        st.query_params.pop(SHOWN, None)
    if file is None:
        _work(wish, "", frame.currency)
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _work(wish, file.record.alert_id, frame.currency)
    with right, st.container(key="pane"):
        st.button("Close", key="close_pane", icon=":material/close:", type="tertiary", on_click=_show, args=("",))
        st.fragment(_pane, run_every=REFRESH)(file.record.alert_id)


def _filters(frame: Frame) -> WorkWish:
    with st.container(horizontal=True, vertical_alignment="center", key="work_filters"):
        states, ownership = states_and_ownership()
        search = st.text_input(
            "Object", key="find", placeholder="Object id", label_visibility="collapsed", bind="query-params", width=140
        )
        rules = _choice("Rules", sorted({count.rule for count in reads.alert_counts()}), "rule")
    return WorkWish(states, frame.entities, frame.regions, rules, ownership, search or "")


def _choice(label: str, known: Sequence[str], key: str) -> tuple[str, ...]:
    chosen: list[str] = st.multiselect(
        label,
        list(known),
        key=key,
        placeholder=f"All {label.lower()}",
        label_visibility="collapsed",
        bind="query-params",
        width=180,
    )
    return tuple(sorted(chosen))


def _summary(frame: Frame) -> None:
    def draw() -> None:
        everything = reads.work(WorkWish(entities=frame.entities, regions=frame.regions), _A_PAGE, 0, frame.currency)
        write(sentence(*_in_words(everything, frame.currency)))
        found = {one.kpi.id: one.figure for one in kpi_reads.kpi_figures("30d", frame)}
        steps = [(name, found[name.lower()]) for name in ("Booked", "Billed", "Collected") if name.lower() in found]
        if steps:
            write(heading("From booked to collected", "the last 30 days"))
            write(funnel(steps))

    shielded(draw)


def _in_words(page: WorkPage, currency: str) -> tuple[str, str]:
    """How much waits, and where to begin."""
    if not page.total:
        return "Nothing is stuck.", "in_time"
    worth = compact_money(page.money, currency)
    unknown = f" and {grouped(page.unconverted)} of unknown worth" if page.unconverted else ""
    first = page.items[0]
    where = f"{first.business_object.type} {first.business_object.id}"
    verb = "is" if page.objects == 1 else "are"
    return (
        f"{count_of(page.objects, 'object')} {verb} stuck, worth {worth}{unknown}; begin with {where} "
        f"({compact_money(first.amount, first.currency)}).",
        "firing" if first.state is AlertState.FIRING else "at_risk",
    )


def _work(wish: WorkWish, shown: str, currency: str) -> None:
    # Not in the part that refreshes: what somebody types must stay.
    targets = sorted(_picked()) or ([shown] if shown else [])
    if targets:
        draw_work_actions(targets, on_done=_unpick)
    st.fragment(_rows, run_every=REFRESH)(wish, shown, currency)


def _rows(wish: WorkWish, shown: str, currency: str) -> None:
    shielded(lambda: _draw_rows(wish, shown, currency))


def _draw_rows(wish: WorkWish, shown: str, currency: str) -> None:
    number = _page_number()
    page = reads.work(wish, _A_PAGE, (number - 1) * _A_PAGE, currency)
    if not page.items and number > 1:
        st.session_state["page"] = 1
        page = reads.work(wish, _A_PAGE, 0, currency)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", key="work_top"):
        note = f"{count_of(page.total, 'alert')} on {count_of(page.objects, 'object')}, the most urgent first"
        picked = len(_picked())
        write(heading("Work", picked_words(picked, page.total) if picked else note))
        export("work", "work-list", page.total, work_sheet(wish, currency=currency))
    if not page.items:
        _nothing(wish)
        return
    with st.container(key="work_rows", gap=None):
        write(work_head())
        for item in page.items:
            _row(item, is_open=item.alert_id == shown)
    pages = -(-page.total // _A_PAGE)
    if pages > 1:
        st.pagination(pages, key="page", bind="query-params")
    if st.session_state.pop(_CHANGED, False):
        # The whole page, not this part of it alone.
        st.rerun()


def _row(item: WorkItem, *, is_open: bool) -> None:
    name = as_label(f"{item.business_object.type} {item.business_object.id}")
    with st.container(key=f"work_row_{item.alert_id}", gap=None):
        write(work_row(item, reader(), is_open=is_open))
        st.checkbox(
            f"Select {name}",
            value=item.alert_id in _picked(),
            key=f"pick_{item.alert_id}",
            label_visibility="collapsed",
            on_change=_pick,
            args=(item.alert_id,),
        )
        # Over the whole row.
        st.button(f"Show {item.rule} on {name}", key=f"show_{item.alert_id}", on_click=_show, args=(item.alert_id,))


def _pane(alert_id: str) -> None:
    def draw() -> None:
        file = reads.alert_file(alert_id)
        if file:
            draw_pane(file)

    shielded(draw)


def _picked() -> frozenset[str]:
    found: frozenset[str] = st.session_state.get(_PICKED, frozenset())
    return found


def _pick(alert_id: str) -> None:
    is_picked = bool(st.session_state[f"pick_{alert_id}"])
    st.session_state[_PICKED] = _picked() | {alert_id} if is_picked else _picked() - {alert_id}
    st.session_state[_CHANGED] = True


def _unpick() -> None:
    for alert_id in _picked():
        st.session_state.pop(f"pick_{alert_id}", None)
    st.session_state[_PICKED] = frozenset()


def _show(alert_id: str) -> None:
    """Opens the pane on an alert, or with no id closes it; in the URL at once, so that a link shows the same."""
    if alert_id:
        st.query_params[SHOWN] = alert_id
    else:
        st.query_params.pop(SHOWN, None)
    st.session_state[_CHANGED] = True


def _page_number() -> int:
    text = str(st.session_state.get("page") or st.query_params.get("page", "1"))
    return max(int(text), 1) if text.isdecimal() and len(text) < 7 else 1


def _nothing(wish: WorkWish) -> None:
    if wish == replace(WorkWish(), accepted=wish.accepted):
        write(
            notice(
                "Nothing is stuck",
                "An object stands here from the moment it is about to miss its service window until it is on its way "
                "again. What was resolved stays in the list of alerts:",
                "milepost alerts list --state resolved",
            )
        )
        return
    write(notice("No work is so", "None of what is stuck meets what is chosen above. Choose less of it."))


shielded(_page)
