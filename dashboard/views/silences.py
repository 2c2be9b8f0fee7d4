"""Silences and escalation: what is muted, by whom and why; who is on call, and what follows when nobody answers."""

from datetime import timedelta

import streamlit as st

from alerts.escalation_view import policy_rows
from dashboard import actions, people, reads
from dashboard.components.acting import may_not, reason_form, tell_done
from dashboard.components.cards import heading, notice
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.markup import element
from dashboard.components.new_silence import draw_new_silence
from dashboard.components.page import reader, shielded, write
from dashboard.components.policies import has_rotations, on_call_table, policy_words
from dashboard.components.records import silence_row
from dashboard.formatting import count_of
from dashboard.session import current
from domain.permission import Permission
from domain.silence import Silence, SilenceState

REFRESH = timedelta(seconds=5)
FOLLOWS = Follows(entity=False, region=False, currency=False, because="silences and who is on call hold for all")
_A_PAGE = 20
_SHOWN = {
    "In force": (SilenceState.ACTIVE, SilenceState.PENDING),
    "Over": (SilenceState.EXPIRED,),
    "All": tuple(SilenceState),
}
_ENDING = "ending"


def _page() -> None:
    tell_done()
    draw_frame(FOLLOWS)
    shown = st.segmented_control(
        "Which",
        list(_SHOWN),
        default="In force",
        required=True,
        key="silences",
        label_visibility="collapsed",
        bind="query-params",
    )
    draw_new_silence()
    _list(shown or "In force")
    st.fragment(_escalation, run_every=REFRESH)()


def _escalation() -> None:
    def draw() -> None:
        who = reader()
        policies = policy_rows(current().routing(), None, who.now)
        write(heading("On call", "now and next"))
        if has_rotations(policies):
            write(on_call_table(policies, who))
        else:
            write(
                notice(
                    "Nobody takes turns",
                    "Rotations, and what follows when nobody acknowledges, stand under escalation in routing.yaml.",
                    "milepost alerts escalation",
                )
            )
        if policies:
            write(heading("Escalation", "what follows while nobody acknowledges"))
            write(element("div", [policy_words(policy) for policy in policies], class_="mp-policies"))

    shielded(draw)


def _list(shown: str) -> None:
    page = int(st.session_state.get("silence_page", 1))
    found = reads.silences(_SHOWN[shown], _A_PAGE, (page - 1) * _A_PAGE)
    if not found.silences and page > 1:
        st.session_state["silence_page"] = page = 1
        found = reads.silences(_SHOWN[shown], _A_PAGE, 0)
    write(heading("Silences", f"{count_of(found.total, 'silence')}, those that end last first"))
    if not found.silences:
        write(
            notice(
                "Nothing is silenced" if shown == "In force" else "There is none",
                "A silence keeps messages about some alerts back for a time; the alerts stand as before. Make one from "
                "an alert's page, or for any labels:",
                'milepost alerts silence add alertname=OrderNotPosted --duration 2h --comment "ERP maintenance"',
            )
        )
        return
    for silence in found.silences:
        with st.container(key=f"silence_{silence.silence_id}", border=True):
            _draw(silence)
    pages = -(-found.total // _A_PAGE)
    if pages > 1:
        st.pagination(pages, key="silence_page")


def _draw(silence: Silence) -> None:
    who = reader()
    write(silence_row(silence, who))
    if silence.state(who.now) is SilenceState.EXPIRED:
        return
    st.button(
        "End it",
        key=f"end_{silence.silence_id}",
        icon=":material/notifications_active:",
        on_click=_choose,
        args=(silence.silence_id,),
        disabled=not people.may_do(Permission.SILENCE),
        help=may_not(Permission.SILENCE),
    )
    if st.session_state.get(_ENDING) != silence.silence_id:
        return

    def do(name: str, why: str) -> str:
        actions.end_silence(silence.silence_id, name, why)
        return f"Ended, as {name.strip()}"

    key = f"expire_{silence.silence_id}"
    reason_form(key, "End the silence", do, permission=Permission.SILENCE, on_done=lambda: _choose(None))


def _choose(silence_id: str | None) -> None:
    # The same button again closes the form.
    st.session_state[_ENDING] = None if st.session_state.get(_ENDING) == silence_id else silence_id


shielded(_page)
