"""Editing a rule: its text beside what is wrong with it, its tests, a backtest beside what runs, and saving."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import people, rule_actions
from dashboard.components.acting import reason_form
from dashboard.components.cards import heading, notice
from dashboard.components.filters import RANGES
from dashboard.components.page import reader, write
from dashboard.components.rules import backtest_result, check_result, test_result, words_list
from dashboard.formatting import grouped
from dashboard.reads import now
from dashboard.rule_drafts import Desk, Work, with_texts
from dashboard.rule_files import Checked, Draft, Place, RuleFiles, check_draft
from dashboard.session import current
from domain.errors import ConfigError
from domain.permission import Permission
from rules.replay import By
from rules.rule_words import words_of

_BY = {"as received": By.RECEIPT, "as it occurred": By.OCCURRENCE}


def is_editing(name: str) -> bool:
    """Whether the reader has a draft of the rule."""
    return current().desk.find(_who(), name) is not None


def begin(name: str, place: Place) -> None:
    """Begins a draft."""
    current().desk.put(_who(), Work(Draft(name, place, place.text, place.tests)))


def draw_editor(name: str, files: RuleFiles) -> None:
    """The editor on the reader's draft, which is kept until it is saved or discarded."""
    desk, who = current().desk, _who()
    work = desk.find(who, name)
    if work is None:
        return
    text_key, tests_key = f"draft_{name}", f"draft_tests_{name}"

    def keep() -> None:
        found = desk.find(who, name)
        if found:
            draft = found.draft
            text = str(st.session_state.get(text_key, draft.text))
            desk.put(who, with_texts(found, text, str(st.session_state.get(tests_key, draft.tests))))

    write(heading("Edit", f"{work.draft.place.path.name}; your draft is kept until you save or discard it"))
    with st.container(key="rule_editor"):
        left, right = st.columns([3, 2], gap="medium")
        with left:
            # The draft is what counts: what the widget held on an earlier visit may be older.
            st.session_state[text_key] = work.draft.text
            st.text_area("The rule (YAML)", key=text_key, height=380, on_change=keep, max_chars=50_000)
            with st.expander(f"Tests of {work.draft.place.path.name}", key="draft_tests_box"):
                st.session_state[tests_key] = work.draft.tests
                st.text_area("Tests (YAML)", key=tests_key, height=420, on_change=keep, max_chars=500_000)
        checked = check_draft(files, work.draft)
        with right:
            write(check_result(checked))
            for rule in checked.rules:
                write(words_list(words_of(rule)))
    work = _draw_tests(desk, who, work, checked)
    work = _draw_backtest(desk, who, work, checked)
    _draw_saving(desk, who, work, files, checked)


def _draw_tests(desk: Desk, who: str, work: Work, checked: Checked) -> Work:
    write(heading("Tests", "of all rules of the file, with your draft in its place"))
    if st.button("Run the tests", key="run_draft_tests", icon=":material/labs:", disabled=bool(checked.problems)):
        with st.spinner("Running the tests"):
            work = replace(work, tested=(work.text_id, rule_actions.test_draft(work.draft)))
        desk.put(who, work)
    if work.tested:
        write(test_result(work.tested[1], is_current=work.tested[0] == work.text_id))
    return work


def _draw_backtest(desk: Desk, who: str, work: Work, checked: Checked) -> Work:
    write(heading("Backtest", "what it would have told, beside the rule that runs"))
    with st.container(horizontal=True, vertical_alignment="bottom", key="backtest_choice"):
        chosen = st.segmented_control("Of", list(RANGES), default="30d", required=True, key="backtest_range")
        known = st.segmented_control("Events", list(_BY), default="as received", required=True, key="backtest_by")
        asked = st.button("Backtest", key="run_backtest", icon=":material/history:", disabled=bool(checked.problems))
    if asked:
        bar = st.progress(0.0, text="Replaying history")

        def progress(done: int, total: int) -> None:
            bar.progress(
                min(done / total, 1.0) if total else 1.0,
                text=f"Replaying {grouped(done)} of {grouped(total)} milestones",
            )

        until = now()
        try:
            found = rule_actions.backtest(
                work.draft, until - RANGES[chosen or "30d"].length, until, _BY[known or "as received"], progress
            )
        except ConfigError as error:
            write(notice("The backtest could not run", str(error), tone="firing"))
            return work
        finally:
            bar.empty()
        work = replace(work, backtested=(work.text_id, found))
        desk.put(who, work)
    if work.backtested:
        write(backtest_result(work.backtested[1], reader(), is_current=work.backtested[0] == work.text_id))
    return work


def _draw_saving(desk: Desk, who: str, work: Work, files: RuleFiles, checked: Checked) -> None:
    write(heading("Save", _where(files)))
    name = work.draft.name

    def discard() -> None:
        desk.take(who, name)

    if work.draft.is_changed:
        with st.expander("What is changed", key="draft_diff"):
            st.code(work.draft.diff, language="diff")
    if missing := _missing(work, files, checked):
        write(notice("Not yet", missing))
    else:
        _draw_form(work, discard)
    st.button("Discard the draft", key="discard_draft", icon=":material/delete:", type="tertiary", on_click=discard)


def _draw_form(work: Work, done: Callable[[], None]) -> None:
    def save(who: str, reason: str) -> str:
        path = rule_actions.save_rule(work.draft, who, reason)
        return f"Saved in {path.name}; it is in force from the next tick on"

    key = f"save_{work.draft.name}"
    reason_form(key, "Save the rule", save, permission=Permission.CHANGE_RULES, on_done=done)


def _missing(work: Work, files: RuleFiles, checked: Checked) -> str:
    """What has to be done before it can be saved; empty where that is all done."""
    if files.own is None:
        return (
            "There is no folder of your own rules. Set MILEPOST_CONFIG to a folder and start Milepost again; copy your "
            "draft before you do, since it is kept only while Milepost runs."
        )
    if not work.draft.is_changed:
        return "Nothing is changed yet."
    if checked.problems:
        return "Mend what the check names."
    if not work.is_tested:
        return "Run the tests: they must pass with the text as it is."
    return ""


def _where(files: RuleFiles) -> str:
    if files.own is None or files.are_own:
        return "into your rules, where Milepost reads it again at its next tick"
    return (
        "your first change copies all shipped rules into your folder, which is used in their place from then on; what "
        "a later Milepost ships does not reach it"
    )


def _who() -> str:
    return people.person().name
