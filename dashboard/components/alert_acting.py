"""What a reader can do with an alert: a row of buttons, and the form of the one that was chosen beneath it."""

from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from alerts.matchers import Matcher
from dashboard import actions, people
from dashboard.components.acting import may_not, no_permission, reason_form
from dashboard.components.intervention_preview import draw_preview, may_be_previewed
from dashboard.components.markup import as_label
from dashboard.components.page import write
from domain.alert import AlertState
from domain.alert_action import ActionKind, Mark
from domain.duration import format_duration
from domain.permission import Permission
from storage.on_call import AlertFile

_DOING = "doing"
_LENGTHS = {
    "1 hour": timedelta(hours=1),
    "4 hours": timedelta(hours=4),
    "1 day": timedelta(days=1),
    "1 week": timedelta(weeks=1),
}


_SNOOZES = {"1 hour": "1h", "4 hours": "4h", "Until tomorrow, 24 hours": "24h", "3 days": "3d"}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to do: its button, the button of its form, and what is said when it is done."""

    key: str
    label: str
    icon: str
    submit: str
    done: str
    kind: ActionKind | None = None
    value: str = ""
    reason: str = ""
    permission: Permission = Permission.HANDLE_ALERTS


_ACKNOWLEDGE = Choice(
    "acknowledge",
    "Acknowledge",
    ":material/check:",
    "Acknowledge",
    "Acknowledged",
    ActionKind.ACKNOWLEDGE,
    reason="I am looking into it",
)
_UNACKNOWLEDGE = Choice(
    "unacknowledge",
    "Un-acknowledge",
    ":material/undo:",
    "Un-acknowledge",
    "Not acknowledged any more",
    ActionKind.UNACKNOWLEDGE,
)
_ASSIGN = Choice("assign", "Assign", ":material/person_add:", "Assign", "Assigned", ActionKind.ASSIGN)
_COMMENT = Choice("comment", "Comment", ":material/chat:", "Comment", "Comment kept", ActionKind.COMMENT)
_USEFUL = Choice(
    "useful", "Useful", ":material/thumb_up:", "Mark useful", "Marked useful", ActionKind.MARK, Mark.USEFUL.value
)
_NOISE = Choice(
    "noise", "Noise", ":material/thumb_down:", "Mark as noise", "Marked as noise", ActionKind.MARK, Mark.NOISE.value
)
_SNOOZE = Choice("snooze", "Snooze", ":material/snooze:", "Snooze", "Snoozed", ActionKind.SNOOZE)
_ESCALATE = Choice("escalate", "Escalate", ":material/escalator_warning:", "Escalate", "Escalated", ActionKind.ESCALATE)
_PREVIEW = Choice("preview", "Try the repair", ":material/preview:", "", "")
_SILENCE = Choice(
    "silence", "Silence", ":material/notifications_off:", "Silence", "Silenced", permission=Permission.SILENCE
)


def draw_actions(file: AlertFile) -> None:
    """The buttons, and the form of what the reader is doing."""
    choices = _choices(file)
    doing = st.session_state.get(_DOING)
    with st.container(horizontal=True, key="alert_actions", gap="small"):
        for choice in choices:
            st.button(
                choice.label,
                key=f"do_{choice.key}",
                icon=choice.icon,
                type="primary" if choice is _ACKNOWLEDGE and doing is None else "secondary",
                on_click=_choose,
                args=((file.record.alert_id, choice.key),),
                disabled=not people.may_do(choice.permission),
                help=may_not(choice.permission),
            )
    if not people.may_do(Permission.HANDLE_ALERTS):
        write(no_permission(Permission.HANDLE_ALERTS))
    for choice in choices:
        if doing == (file.record.alert_id, choice.key):
            _draw_form(file, choice)


def _choices(file: AlertFile) -> list[Choice]:
    """What can be done with the alert as it stands."""
    is_open = file.record.state.is_open
    first = [_UNACKNOWLEDGE] if file.handling.acknowledged else [_ACKNOWLEDGE] if is_open else []
    urgent = [_ESCALATE] if file.record.state is AlertState.FIRING else []
    open_only = [_SNOOZE, *urgent, _SILENCE] if is_open else []
    preview = [_PREVIEW] if may_be_previewed(file) else []
    return [*first, *open_only, *preview, _ASSIGN, _COMMENT, _USEFUL, _NOISE]


def _choose(doing: tuple[str, str]) -> None:
    # The same button again closes the form.
    st.session_state[_DOING] = None if st.session_state.get(_DOING) == doing else doing


def _stop() -> None:
    st.session_state[_DOING] = None


def _draw_form(file: AlertFile, choice: Choice) -> None:
    key = f"act_{choice.key}"
    if choice is _SILENCE:
        _draw_silence(file, key)
        return
    if choice is _PREVIEW:
        draw_preview(file)
        return
    asked: dict[str, str] = {"value": choice.value}

    def before() -> None:
        if choice is _ASSIGN:
            asked["value"] = st.text_input("To whom", key=f"{key}_to", max_chars=200) or ""
        if choice is _SNOOZE:
            length = st.selectbox("For how long", list(_SNOOZES), key=f"{key}_length") or next(iter(_SNOOZES))
            asked["value"] = _SNOOZES[length]

    def do(who: str, reason: str) -> str:
        assert choice.kind is not None
        actions.act_on_alert(file.record.alert_id, choice.kind, who, reason, asked["value"])
        to = f" to {asked['value'].strip()}" if choice is _ASSIGN else ""
        to = f" for {asked['value']}" if choice is _SNOOZE else to
        return f"{choice.done}{to}, as {who.strip()}"

    reason_form(key, choice.submit, do, reason=choice.reason, before=before, on_done=_stop)


def _draw_silence(file: AlertFile, key: str) -> None:
    scopes = _scopes(file)
    asked: dict[str, str] = {}

    def before() -> None:
        chosen = st.radio("What", list(scopes), format_func=as_label, key=f"{key}_scope")
        asked["scope"] = chosen or next(iter(scopes))
        asked["length"] = st.selectbox("For how long", list(_LENGTHS), key=f"{key}_length") or next(iter(_LENGTHS))

    def do(who: str, reason: str) -> str:
        length = _LENGTHS[asked["length"]]
        actions.silence(scopes[asked["scope"]], length, who, reason)
        return f"Silenced for {format_duration(length)}, as {who.strip()}"

    reason_form(key, _SILENCE.submit, do, permission=Permission.SILENCE, before=before, on_done=_stop)


def _scopes(file: AlertFile) -> dict[str, list[str]]:
    """What a silence may be about, from the alert alone to its whole rule."""
    record = file.record
    rule = str(Matcher("alertname", "=", record.rule))
    of_object = [
        str(Matcher("object_type", "=", record.business_object.type)),
        str(Matcher("object_id", "=", record.business_object.id)),
    ]
    scopes = {f"This alert: {record.rule} on {record.business_object}": [rule, *of_object]}
    if entity := file.labels.get("legal_entity"):
        scopes[f"{record.rule} in {entity}"] = [rule, str(Matcher("legal_entity", "=", entity))]
    scopes[f"Every {record.rule}"] = [rule]
    return scopes
