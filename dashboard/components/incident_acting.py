"""What a reader can do with an incident as a whole: acknowledge, escalate, silence; each asks for a reason."""

import re
from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from alerts.matchers import Matcher
from dashboard import actions, incident_reads, people
from dashboard.components.acting import may_not, reason_form
from dashboard.components.markup import as_label
from dashboard.formatting import count_of
from dashboard.incident_reads import MOST_ALERTS, IncidentFile
from domain.duration import format_duration
from domain.permission import Permission

_DOING = "doing_incident"
_PUNCTUATION = re.compile(r"[!-,.:-@\[-^`{-~]")
_LENGTHS = {"1 hour": timedelta(hours=1), "4 hours": timedelta(hours=4), "1 day": timedelta(days=1)}
_BUTTONS = {
    "acknowledge": ("Acknowledge", ":material/check:"),
    "escalate": ("Escalate", ":material/escalator_warning:"),
    "silence": ("Silence", ":material/notifications_off:"),
}
_NEEDED = {"silence": Permission.SILENCE}


def draw_incident_actions(file: IncidentFile) -> None:
    """The buttons, and beneath them the form of what the reader is doing."""
    if file.incident.ended_at is not None:
        return
    incident_id = file.incident.incident_id
    doing = st.session_state.get(_DOING)
    with st.container(horizontal=True, key="incident_actions", gap="small"):
        for key, (label, icon) in _BUTTONS.items():
            st.button(
                label,
                key=f"incident_{key}",
                icon=icon,
                type="primary" if key == "acknowledge" and doing is None else "secondary",
                on_click=choose,
                args=(incident_id, key),
                disabled=not people.may_do(_needed(key)),
                help=may_not(_needed(key)),
            )
    if doing == (incident_id, "acknowledge"):
        _form("acknowledge", lambda who, why: _acknowledged(incident_id, who, why), "I am looking into it")
    elif doing == (incident_id, "escalate"):
        _form("escalate", lambda who, why: _escalated(incident_id, who, why))
    elif doing == (incident_id, "silence"):
        _silence(file)


def choose(incident_id: str, key: str) -> None:
    """Opens the form of an action; the same again closes it."""
    doing = (incident_id, key)
    st.session_state[_DOING] = None if st.session_state.get(_DOING) == doing else doing


def _stop() -> None:
    st.session_state[_DOING] = None
    incident_reads.forget()


def _form(
    key: str,
    do: Callable[[str, str], str],
    reason: str = "",
    before: Callable[[], None] = lambda: None,
) -> None:
    needed = _needed(key)
    reason_form(
        f"incident_act_{key}", _BUTTONS[key][0], do, permission=needed, reason=reason, before=before, on_done=_stop
    )


def _needed(key: str) -> Permission:
    return _NEEDED.get(key, Permission.HANDLE_ALERTS)


def _acknowledged(incident_id: str, who: str, why: str) -> str:
    count = actions.acknowledge_incident(incident_id, who, why)
    return f"Acknowledged {count_of(count, 'alert')}, as {who.strip()}"


def _escalated(incident_id: str, who: str, why: str) -> str:
    count = actions.escalate_incident(incident_id, who, why)
    return f"Escalated {count_of(count, 'alert')}, as {who.strip()}"


def _silence(file: IncidentFile) -> None:
    scopes = _scopes(file)
    asked: dict[str, str] = {}

    def before() -> None:
        chosen = st.radio("What", list(scopes), format_func=as_label, key="incident_scope")
        asked["scope"] = chosen or next(iter(scopes))
        asked["length"] = st.selectbox("For how long", list(_LENGTHS), key="incident_length") or next(iter(_LENGTHS))

    def do(who: str, why: str) -> str:
        length = _LENGTHS[asked["length"]]
        actions.silence(scopes[asked["scope"]], length, who, why)
        return f"Silenced for {format_duration(length)}, as {who.strip()}"

    _form("silence", do, before=before)


def _scopes(file: IncidentFile) -> dict[str, list[str]]:
    """What a silence may be about: what waits behind the hop now, or all of the rules that told of it."""
    standing = [one for one in file.alerts if one.state.is_open]
    rules = sorted({one.name for one in standing})
    of_rules = [str(Matcher("alertname", "=~", _any_of(rules)))]
    scopes: dict[str, list[str]] = {}
    if len(file.alerts) < MOST_ALERTS:
        types = sorted({one.business_object.type for one in standing})
        ids = sorted({one.business_object.id for one in standing})
        label = f"The {count_of(len(ids), 'object')} behind it now; what comes later is told"
        scopes[label] = [
            *of_rules,
            str(Matcher("object_type", "=~", _any_of(types))),
            str(Matcher("object_id", "=~", _any_of(ids))),
        ]
    scopes[f"Every {' and '.join(rules)}, whatever the cause"] = of_rules
    return scopes


def _any_of(names: list[str]) -> str:
    # As RE2 has it: what has a meaning of its own stands behind a backslash, and only ASCII characters have one.
    return "|".join(_PUNCTUATION.sub(r"\\\g<0>", name) for name in names)
