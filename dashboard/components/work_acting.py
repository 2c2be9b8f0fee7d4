"""What a reader can do with the objects that are selected: assign, comment, ask for a replay, all at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard import actions
from dashboard.components.acting import reason_form
from dashboard.formatting import count_of
from domain.alert_action import ActionKind


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to do with what is selected."""

    key: str
    label: str
    icon: str
    done: str
    kind: ActionKind


_CHOICES = (
    Choice("assign", "Assign", ":material/person_add:", "Assigned", ActionKind.ASSIGN),
    Choice("comment", "Comment", ":material/chat:", "Comment kept", ActionKind.COMMENT),
    Choice("replay", "Request replay", ":material/replay:", "Replay requested", ActionKind.REQUEST_REPLAY),
)
_DOING = "doing_work"


def draw_work_actions(alert_ids: Sequence[str], on_done: Callable[[], None]) -> None:
    """The buttons, and the form of what the reader is doing; what is typed stays while the list beside it refreshes."""
    doing = st.session_state.get(_DOING)
    with st.container(horizontal=True, key="work_actions", gap="small"):
        for choice in _CHOICES:
            st.button(choice.label, key=f"work_{choice.key}", icon=choice.icon, on_click=_choose, args=(choice.key,))
    for choice in _CHOICES:
        if doing == choice.key:
            _draw_form(alert_ids, choice, on_done)


def _choose(key: str) -> None:
    # The same button again closes the form.
    st.session_state[_DOING] = None if st.session_state.get(_DOING) == key else key


def _draw_form(alert_ids: Sequence[str], choice: Choice, on_done: Callable[[], None]) -> None:
    key = f"work_act_{choice.key}"
    asked = {"value": ""}

    def before() -> None:
        if choice.kind is ActionKind.ASSIGN:
            asked["value"] = st.text_input("To whom, a person or a team", key=f"{key}_to", max_chars=200) or ""

    def do(who: str, reason: str) -> str:
        done = actions.act_on_alerts(alert_ids, choice.kind, who, reason, asked["value"])
        to = f" to {asked['value'].strip()}" if choice.kind is ActionKind.ASSIGN else ""
        return f"{choice.done}{to} for {count_of(done, 'object')}, as {who.strip()}"

    def finish() -> None:
        st.session_state[_DOING] = None
        on_done()

    reason_form(key, choice.label, do, before=before, on_done=finish)
