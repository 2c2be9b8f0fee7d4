"""Reconciliation: where two sides do not say the same, what each says, and accepting it as it is."""

from datetime import timedelta

import streamlit as st

from dashboard import actions, reads
from dashboard.components.acting import reason_form, tell_done
from dashboard.components.cards import heading, notice, sentence
from dashboard.components.export import export
from dashboard.components.frame import draw_frame
from dashboard.components.markup import as_label
from dashboard.components.page import reader, shielded, write
from dashboard.components.reconcile_parts import exception
from dashboard.export_sheets import work_sheet
from dashboard.formatting import compact_money, count_of, grouped
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.alert_evidence import facts_digest
from domain.permission import Permission
from rules.reconcile_exceptions import compare
from storage.work_list import WorkItem, WorkPage, WorkWish

REFRESH = timedelta(seconds=5)
_A_PAGE = 8
_OPEN, _ACCEPTED = "open", "accepted"
_ACCEPTING, _CHANGED = "accepting", "reconcile_changed"


def _page() -> None:
    tell_done()
    rules = reads.reconcile_rules()
    frame = draw_frame().frame
    with st.container(horizontal=True, vertical_alignment="center", key="reconcile_filters"):
        which = st.segmented_control(
            "Which",
            [_OPEN, _ACCEPTED],
            default=_OPEN,
            required=True,
            key="which",
            label_visibility="collapsed",
            bind="query-params",
        )
        chosen = st.multiselect(
            "Rules",
            sorted(rules),
            key="rule",
            placeholder="All rules",
            label_visibility="collapsed",
            bind="query-params",
            width=260,
        )
    wish = WorkWish(
        states=(AlertState.FIRING.value,),
        entities=frame.entities,
        regions=frame.regions,
        rules=tuple(sorted(chosen or rules)) or ("none",),
        accepted=which == _ACCEPTED,
    )
    st.fragment(_exceptions, run_every=REFRESH)(wish, frame.currency)
    # Not in the part that refreshes: what somebody types must stay.
    _accept_form()


def _exceptions(wish: WorkWish, currency: str) -> None:
    shielded(lambda: _draw(wish, currency))


def _draw(wish: WorkWish, currency: str) -> None:
    number = int(st.session_state.get("reconcile_page", 1))
    page = reads.work(wish, _A_PAGE, (number - 1) * _A_PAGE, currency)
    if not page.items and number > 1:
        st.session_state["reconcile_page"] = 1
        page = reads.work(wish, _A_PAGE, 0, currency)
    write(sentence(*_in_words(page, currency, accepted=wish.accepted)))
    with st.container(horizontal=True, horizontal_alignment="distribute", key="reconcile_top"):
        write(heading("Exceptions", f"{count_of(page.total, 'exception')}, by money and age"))
        export("reconcile", "reconciliation", page.total, work_sheet(wish, "reconciliation", currency))
    if not page.items:
        write(
            notice(
                "Nothing was accepted" if wish.accepted else "Both sides agree everywhere",
                "What somebody accepts stands here until one of its sides changes."
                if wish.accepted
                else "An exception stands here while two systems do not say the same of an object, against a rule.",
            )
        )
        return
    rules = reads.reconcile_rules()
    for item in page.items:
        if item.rule not in rules:
            continue
        with st.container(border=True, key=f"exception_{item.alert_id}"):
            write(exception(item, compare(rules[item.rule], reads.events_of(item.business_object)), reader()))
            if not wish.accepted:
                name = as_label(f"{item.business_object.type} {item.business_object.id}")
                st.button(
                    "Accept…",
                    key=f"accept_{item.alert_id}",
                    help=f"Close the exception of {name} as it is",
                    on_click=_begin,
                    args=(item,),
                )
    pages = -(-page.total // _A_PAGE)
    if pages > 1:
        st.pagination(pages, key="reconcile_page")
    if st.session_state.pop(_CHANGED, False):
        # The whole page, not this part of it alone.
        st.rerun()


def _in_words(page: WorkPage, currency: str, *, accepted: bool) -> tuple[str, str]:
    if not page.total:
        return ("Nothing is accepted.", "in_time") if accepted else ("No exception is open.", "in_time")
    worth = compact_money(page.money, currency)
    unknown = f", {grouped(page.unconverted)} of unknown worth" if page.unconverted else ""
    verb = ("is" if page.total == 1 else "are") + (" accepted" if accepted else " open")
    return f"{count_of(page.total, 'exception')} about {worth}{unknown} {verb}.", "retracted" if accepted else "firing"


def _begin(item: WorkItem) -> None:
    facts = facts_digest(item.reason, item.evidence)
    st.session_state[_ACCEPTING] = (item.alert_id, f"{item.rule} on {item.business_object}", facts)
    st.session_state[_CHANGED] = True


def _stop() -> None:
    st.session_state.pop(_ACCEPTING, None)


def _accept_form() -> None:
    accepting: tuple[str, str, str] | None = st.session_state.get(_ACCEPTING)
    if accepting is None:
        return
    alert_id, name, facts = accepting
    write(heading(f"Accept {name}", "closed by you as it stands; open again as soon as either side says otherwise"))

    def do(who: str, reason: str) -> str:
        # With what was shown: what has changed since is not accepted unseen.
        actions.act_on_alert(alert_id, ActionKind.ACCEPT, who, reason, facts)
        return f"Accepted, as {who.strip()}"

    reason_form("accept", "Accept", do, permission=Permission.RECONCILE, on_done=_stop)


shielded(_page)
