"""What a reader can do with dead letters: see what a replay would do, replay them, discard one; with a reason each."""

from collections.abc import Callable, Mapping

import streamlit as st

from collector.replay import LETTERS_A_PAGE, Selection
from dashboard import actions, letter_reads, people, reads
from dashboard.components.acting import may_not, reason_form
from dashboard.components.cards import notice
from dashboard.components.letters import foretold_panel
from dashboard.components.page import write
from dashboard.formatting import count_of, grouped
from domain.permission import Permission
from storage.dead_letter_attempts import AttemptOutcome, LetterState
from storage.letter_pages import WholeLetter

_DOING = "doing_letter"
_WORDS = {
    AttemptOutcome.ACCEPTED: "accepted",
    AttemptOutcome.DUPLICATE: "stored already",
    AttemptOutcome.REJECTED: "refused again",
}


def draw_letter_actions(letter: WholeLetter) -> None:
    """The buttons for one letter, and beneath them the form of what the reader is doing."""
    id_ = letter.dead_letter_id
    choices = {} if letter.state == LetterState.REPLAYED else {"replay": ("Replay", ":material/replay:")}
    if letter.state == LetterState.WAITING:
        choices["discard"] = ("Discard", ":material/delete:")
    _buttons(id_, choices)
    if st.session_state.get(_DOING) == (id_, "replay") and "replay" in choices:
        _replay(Selection(ids=(id_,)), 1)
    elif st.session_state.get(_DOING) == (id_, "discard") and "discard" in choices:
        discard: Callable[[str, str], str] = lambda who, why: _discarded(id_, who, why)  # noqa: E731
        reason_form("letter_discard", "Discard", discard, permission=Permission.REPLAY, on_done=_stop)


def draw_filter_actions(selection: Selection, waiting: int) -> None:
    """The button that replays all that wait and match what is chosen."""
    if not waiting:
        return
    which = f"Replay {count_of(waiting, 'letter')} that wait{'s' if waiting == 1 else ''}"
    key = str(selection.letters)
    _buttons(key, {"replay_all": (which, ":material/replay:")})
    if st.session_state.get(_DOING) == (key, "replay_all"):
        _replay(selection, waiting)


def _buttons(subject: str, choices: Mapping[str, tuple[str, str]]) -> None:
    with st.container(horizontal=True, key="letter_actions", gap="small"):
        for key, (label, icon) in choices.items():
            st.button(
                label,
                key=f"letter_do_{key}",
                icon=icon,
                on_click=_choose,
                args=((subject, key),),
                disabled=not people.may_do(Permission.REPLAY),
                help=may_not(Permission.REPLAY),
            )


def _choose(doing: tuple[str, str]) -> None:
    # The same button again closes the form.
    st.session_state[_DOING] = None if st.session_state.get(_DOING) == doing else doing


def _stop() -> None:
    st.session_state[_DOING] = None
    letter_reads.forget()
    reads.forget_alerts()


def _replay(selection: Selection, count: int) -> None:
    """The pre-flight first; the form stands beneath what it found."""
    foretold = letter_reads.foretold(selection)
    if foretold is None:
        write(
            notice(
                "This process takes no input",
                "A replay goes through the collector's own door, which another process has. There:",
                "milepost dead-letters replay --all --dry-run",
            )
        )
        return
    write(foretold_panel(foretold))
    if count > LETTERS_A_PAGE:
        write(
            notice(
                "The oldest first", f"At once {grouped(LETTERS_A_PAGE)} are replayed; the rest waits for the next time."
            )
        )
    label = "Replay" if count == 1 else f"Replay {grouped(min(count, LETTERS_A_PAGE))}"
    do: Callable[[str, str], str] = lambda who, why: _told(actions.replay_letters(selection, who, why))  # noqa: E731
    reason_form("letter_replay", label, do, permission=Permission.REPLAY, on_done=_stop)


def _told(outcomes: Mapping[AttemptOutcome, int]) -> str:
    parts = [f"{grouped(count)} {_WORDS[outcome]}" for outcome, count in outcomes.items() if outcome in _WORDS]
    return f"Replayed: {', '.join(parts)}" if parts else "Nothing was left to replay"


def _discarded(dead_letter_id: str, who: str, why: str) -> str:
    actions.discard_letters([dead_letter_id], who, why)
    return f"Discarded, as {who.strip()}"
