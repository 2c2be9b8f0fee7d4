"""What stands before the console's pages: signing in, being refused, and at the side who is signed in."""

import streamlit as st

from dashboard import people
from dashboard.components.cards import notice
from dashboard.components.markup import Html, element
from dashboard.components.page import shielded_from_store, write
from dashboard.session import current
from dashboard.sign_in import Person, Refused, SignedOut
from dashboard.sign_in_door import FAILED
from domain.permission import Role


def admitted() -> bool:
    """Whether the reader may come in; says in the place of the page what keeps them out."""
    found = people.visitor()
    if isinstance(found, Person) and not found.is_signed_in:
        return True
    noted = False

    def note() -> None:
        nonlocal noted
        people.note_visit(found)
        noted = True

    # Nobody comes in unseen: while the log cannot be written the console stays shut.
    shielded_from_store(note)
    if not noted:
        return False
    match found:
        case Person():
            _draw_person(found)
            return True
        case Refused():
            _draw_refusal(found)
        case SignedOut():
            _draw_sign_in(found)
    return False


def _draw_person(who: Person) -> None:
    with st.sidebar, st.container(key="signed_in"):
        write(
            element(
                "div",
                element("div", who.name, class_="mp-person-name", title=who.name),
                element("div", _role_words(who.role), class_="mp-quiet"),
                class_="mp-person",
            )
        )
        st.button("Sign out", key="sign_out", icon=":material/logout:", type="tertiary", on_click=people.sign_out)


def _role_words(role: Role) -> str:
    return f"signed in as {role}"


def _draw_sign_in(found: SignedOut) -> None:
    config = _config_name()
    with st.container(key="gate"):
        write(_gate("Sign in to Milepost", "What revenue work waits for, and what it is worth, is for your company."))
        if st.query_params.get(FAILED) == "failed":
            write(
                _said(
                    "The last sign-in failed: what the provider answered was not accepted. Try again, or ask "
                    "whoever runs Milepost; its log says why."
                )
            )
        elif found.is_over:
            write(_said("Your sign-in is over. Sign in again to go on."))
        st.button(
            f"Sign in with {config}", key="sign_in_now", type="primary", icon=":material/login:", on_click=st.login
        )


def _draw_refusal(found: Refused) -> None:
    with st.container(key="gate"):
        write(_gate("You may not come in", found.words))
        write(
            notice(
                "What to do",
                "Ask whoever runs Milepost to let one of your groups in; they find this refusal in the audit log under "
                f"{found.sign_in_id}. A group that was added counts from your next sign-in on.",
            )
        )
        st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=people.sign_out)


def _config_name() -> str:
    sign_in = current().sign_in
    return sign_in.setup.config.name if sign_in else ""


def _gate(title: str, text: str) -> Html:
    return element("div", element("h1", title), element("p", text), class_="mp-gate")


def _said(text: str) -> Html:
    return element("p", text, class_="mp-refused", role="alert")
