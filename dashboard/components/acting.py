"""Asks who acts and why, before anything is changed."""

from collections.abc import Callable

import streamlit as st

from dashboard import people
from dashboard.components.markup import Html, as_label, element
from dashboard.components.page import write
from domain.errors import UsageError
from domain.permission import NotPermitted, Permission

# Not a widget's key, whose value would go with the widget when the reader goes to another page.
_WHO = "acting_as"
_SAID = "said"
NO_SIGN_IN = "There is no sign-in here: the name you give is kept for this session and stands in the audit log."


def reason_form(
    key: str,
    button: str,
    do: Callable[[str, str], str],
    *,
    permission: Permission = Permission.HANDLE_ALERTS,
    reason: str = "",
    before: Callable[[], None] = lambda: None,
    on_done: Callable[[], None] = lambda: None,
) -> None:
    """A form with a reason, the name of a reader who is not signed in, and a button; dead for who may not.

    `do` is given both and says what was done; `before` draws what else is asked.
    """
    may = people.may_do(permission)
    with st.form(key, border=True):
        before()
        name = _ask_who(key)
        why = st.text_area("Reason", value=reason, key=f"{key}_reason", max_chars=10_000, height=80)
        submitted = st.form_submit_button(button, type="primary", key=f"{key}_submit", disabled=not may)
        if not may:
            write(no_permission(permission))
    if not submitted:
        return
    try:
        # Here too, since a browser can send what its page does not offer.
        people.acting(permission, name, why)
        said = do(name, why)
    except (UsageError, NotPermitted) as error:
        write(element("div", _sentence(str(error)), class_="mp-refused", role="alert"))
        return
    st.session_state[_WHO] = name.strip()
    st.session_state[_SAID] = said
    on_done()
    st.rerun()


def tell_done() -> None:
    """Says once what was done last."""
    if said := st.session_state.pop(_SAID, ""):
        st.toast(as_label(said), icon=":material/check:")


def may_not(permission: Permission) -> str | None:
    """For the hint on a button that the reader may not press: who may; None where the reader may."""
    return None if people.may_do(permission) else f"No permission: {permission.who_can} can"


def no_permission(permission: Permission) -> Html:
    """What the reader may not do, and who may."""
    text = f"No permission to {permission.words}: {permission.who_can} can."
    return element("div", text, class_="mp-no-permission", role="note")


def _ask_who(key: str) -> str:
    who = people.person()
    if who.is_signed_in:
        write(element("div", "As ", element("b", who.name), f", {who.role}", class_="mp-as"))
        return who.name
    known = str(st.session_state.get(_WHO, ""))
    return st.text_input("Your name", value=known, key=f"{key}_who", max_chars=180, help=NO_SIGN_IN) or ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
