"""Makes a silence for any labels: at once, or for a maintenance window to come."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import actions, people
from dashboard.components.acting import may_not, reason_form
from dashboard.components.page import reader
from domain.duration import format_duration, parse_duration
from domain.errors import UsageError
from domain.permission import Permission

_MAKING = "making_silence"
_AT_ONCE, _LATER = "at once", "at a time to come"


def draw_new_silence() -> None:
    """A button, and beneath it the form of the silence that the reader is making."""
    st.button(
        "New silence",
        key="new_silence",
        icon=":material/add:",
        disabled=not people.may_do(Permission.SILENCE),
        help=may_not(Permission.SILENCE),
        on_click=_toggle,
    )
    if not st.session_state.get(_MAKING):
        return
    asked: dict[str, str | datetime | None] = {}

    def before() -> None:
        asked["matchers"] = st.text_input(
            "Which alerts (labels that must match)",
            key="silence_matchers",
            placeholder="alertname=OrderNotPosted legal_entity=DE01",
            help="As in Alertmanager: =, !=, =~ and !~; alertname is the rule.",
        )
        starts = st.segmented_control("From", [_AT_ONCE, _LATER], default=_AT_ONCE, required=True, key="silence_from")
        local = reader().local(reader().now)
        hour = (local + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
        given = st.datetime_input("Its beginning, if it is to come", value=hour, key="silence_at")
        asked["starts_at"] = _instant(given) if starts == _LATER and isinstance(given, datetime) else None
        asked["length"] = st.text_input("For how long", value="2h", key="silence_length", help="Such as 90m, 4h or 1d.")

    def do(who: str, reason: str) -> str:
        length = _length(str(asked["length"] or ""))
        matchers = str(asked["matchers"] or "").split()
        starts_at = asked["starts_at"]
        assert not isinstance(starts_at, str)
        actions.silence(matchers, length, who, reason, starts_at)
        return f"Silenced for {format_duration(length)}, as {who.strip()}"

    reason_form("make_silence", "Silence", do, permission=Permission.SILENCE, before=before, on_done=_toggle)


def _instant(local: datetime) -> datetime:
    """The instant of a time on the reader's clock."""
    return local.replace(tzinfo=reader().zone).astimezone(UTC)


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text.strip())
    except ValueError as error:
        raise UsageError(str(error)) from None


def _toggle() -> None:
    st.session_state[_MAKING] = not st.session_state.get(_MAKING)
