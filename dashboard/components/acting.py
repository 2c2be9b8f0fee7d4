"""Asks who acts and why, before anything is changed."""

from collections.abc import Callable
from html import escape

import streamlit as st

from domain.errors import UsageError

# Not a widget's key, whose value would go with the widget when the reader goes to another page.
_WHO = "acting_as"
_SAID = "said"
NO_SIGN_IN = "There is no sign-in yet: the name you give is kept for this session and stands in the audit log."


def reason_form(
    key: str,
    button: str,
    do: Callable[[str, str], str],
    *,
    reason: str = "",
    before: Callable[[], None] = lambda: None,
    on_done: Callable[[], None] = lambda: None,
) -> None:
    """A form with a reason, the reader's name where it is not known yet, and a button.

    `do` is given both and says what was done; `before` draws what else is asked.
    """
    with st.form(key, border=True):
        before()
        name = _ask_who(key)
        why = st.text_area("Reason", value=reason, key=f"{key}_reason", max_chars=10_000, height=80)
        submitted = st.form_submit_button(button, type="primary", key=f"{key}_submit")
    if not submitted:
        return
    try:
        said = do(name, why)
    except UsageError as error:
        st.html(f'<div class="mp-refused" role="alert">{_sentence(str(error))}</div>')
        return
    st.session_state[_WHO] = name.strip()
    st.session_state[_SAID] = said
    on_done()
    st.rerun()


def tell_done() -> None:
    """Says once what was done last."""
    if said := st.session_state.pop(_SAID, ""):
        st.toast(said, icon=":material/check:")


def _ask_who(key: str) -> str:
    known = str(st.session_state.get(_WHO, ""))
    return st.text_input("Your name", value=known, key=f"{key}_who", max_chars=180, help=NO_SIGN_IN) or ""


def _sentence(text: str) -> str:
    return escape(f"{text[:1].upper()}{text[1:]}.")
