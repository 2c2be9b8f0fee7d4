"""Dead letters: what could not be taken and why, one of them with its body, and replaying through the live door."""

from datetime import timedelta

import streamlit as st

from collector.replay import Selection
from dashboard import letter_reads
from dashboard.components.acting import tell_done
from dashboard.components.cards import heading, notice
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.letter_acting import draw_filter_actions, draw_letter_actions
from dashboard.components.letters import (
    attempts_table,
    body_text,
    headers_table,
    letter_head,
    letter_row,
    reasons_table,
)
from dashboard.components.markup import as_label
from dashboard.components.page import reader, shielded, write
from dashboard.formatting import count_of
from storage.dead_letter_attempts import LetterState
from storage.dead_letters import LetterFilter

REFRESH = timedelta(seconds=5)
FOLLOWS = Follows(
    entity=False, region=False, currency=False, because="what was refused is not known to belong to anybody"
)
LETTER = "letter"
_A_PAGE = 20
_STATES = {"Waiting": "waiting", "Replayed": "replayed", "Discarded": "discarded", "All": ""}


def _page() -> None:
    tell_done()
    asked = st.query_params.get(LETTER, "").strip()
    if asked:
        _one(asked)
    else:
        _list()


def _list() -> None:
    reasons = letter_reads.reasons()
    draw_frame(FOLLOWS)
    st.fragment(_reasons, run_every=REFRESH)()
    with st.container(horizontal=True, vertical_alignment="center", key="letter_filters"):
        state = st.segmented_control(
            "State",
            list(_STATES),
            default="Waiting",
            required=True,
            key="letter_state",
            label_visibility="collapsed",
            bind="query-params",
            persist_state="page",
            on_change=_first_page,
        )
        code = _choice("Every reason", "code", sorted({one.code for one in reasons}))
        source = _choice("Every source", "source", sorted({one.source for one in reasons if one.source}))
    letters = LetterFilter(code=code, source=source, state=_STATES[state or "Waiting"])
    waiting = sum(one.waiting for one in reasons if code in ("", one.code) and source in ("", one.source))
    if letters.state == LetterState.WAITING:
        # Not in a fragment that refreshes: what somebody types must stay.
        draw_filter_actions(Selection(letters=LetterFilter(code=code, source=source)), waiting)
    st.fragment(_letters, run_every=REFRESH)(letters)


def _choice(label: str, key: str, options: list[str]) -> str:
    chosen = st.selectbox(
        label,
        options,
        index=None,
        key=key,
        placeholder=label,
        label_visibility="collapsed",
        bind="query-params",
        persist_state="page",
        width=220,
        on_change=_first_page,
    )
    return chosen or ""


def _first_page() -> None:
    st.session_state["letter_page"] = 1


def _reasons() -> None:
    def draw() -> None:
        reasons = letter_reads.reasons()
        waiting = sum(one.waiting for one in reasons)
        write(
            heading("Dead letters", f"{count_of(waiting, 'input')} that could not be taken and wait" if reasons else "")
        )
        if reasons:
            write(reasons_table(reasons, reader()))

    shielded(draw)


def _letters(letters: LetterFilter) -> None:
    shielded(lambda: _draw_letters(letters))


def _draw_letters(letters: LetterFilter) -> None:
    number = int(st.session_state.get("letter_page", 1))
    found = letter_reads.page(letters, _A_PAGE, (number - 1) * _A_PAGE)
    if not found.letters and number > 1:
        # Letters were replayed while the reader stood on a page that is no more.
        st.session_state["letter_page"] = number = 1
        found = letter_reads.page(letters, _A_PAGE, 0)
    if not found.letters:
        _nothing(letters)
        return
    write(heading("Letters", f"{count_of(found.total, 'letter')}, the newest first"))
    who, opened = reader(), False
    with st.container(key="alert_rows", gap=None):
        for letter in found.letters:
            with st.container(key=f"alert_row_{letter.dead_letter_id}", gap=None):
                write(letter_row(letter, who))
                # Over the whole row.
                opened |= st.button(
                    as_label(f"Open {letter.code} of {letter.source or 'an unknown source'}"),
                    key=f"open_{letter.dead_letter_id}",
                    on_click=_open,
                    args=(letter.dead_letter_id,),
                )
    if opened:
        st.rerun()
    pages = -(-found.total // _A_PAGE)
    if pages > 1:
        st.pagination(pages, key="letter_page")


def _nothing(letters: LetterFilter) -> None:
    if letters.code or letters.source or letters.state != LetterState.WAITING:
        write(notice("No dead letter is so", "None meets what is chosen above. Choose less of it."))
        return
    write(
        notice(
            "No input waits",
            "What a source sends and cannot be taken is kept here whole, with the reason, until it is replayed or "
            "discarded. What was is under the other states, or:",
            "milepost dead-letters list --state replayed",
        )
    )


def _open(dead_letter_id: str) -> None:
    """Leads to a letter, or with no id back to the list; in the URL at once."""
    if dead_letter_id:
        st.query_params[LETTER] = dead_letter_id
    else:
        st.query_params.pop(LETTER, None)


def _one(asked: str) -> None:
    st.button(
        "All dead letters", key="all_letters", icon=":material/arrow_back:", type="tertiary", on_click=_open, args=("",)
    )
    letter = letter_reads.letter(asked)
    if letter is None:
        write(
            notice(
                f"No dead letter is known as “{asked}”",
                "Its id may be cut, or of another store. Those that there are:",
                "milepost dead-letters list",
            )
        )
        return
    who = reader()
    write(letter_head(letter, who))
    draw_letter_actions(letter)
    text, note = body_text(letter)
    write(heading("Body", note))
    # As code, in which nothing is read as markup.
    st.code(text, language=None, wrap_lines=True)
    if letter.headers:
        with st.expander(f"{count_of(len(letter.headers), 'header')}", key="letter_headers"):
            write(headers_table(letter))
    write(heading("Attempts", count_of(len(letter.attempts), "attempt")))
    if letter.attempts:
        write(attempts_table(letter.attempts, who))
    else:
        write(notice("Nothing was tried yet", "Each replay stands here with who asked for it and what became of it."))


shielded(_page)
