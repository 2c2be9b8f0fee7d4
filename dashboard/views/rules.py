"""Rules: how each does; one with what it means, its tests and versions, and a way to change it."""

from datetime import timedelta

import streamlit as st

from dashboard import people, rule_actions, rule_reads
from dashboard.components.acting import may_not, no_permission, tell_done
from dashboard.components.cards import facts_line, heading, notice
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.markup import element
from dashboard.components.page import reader, shielded, write
from dashboard.components.rule_editor import begin, draw_editor, is_editing
from dashboard.components.rules import (
    RULE,
    budget_text,
    rule_state,
    rules_table,
    test_result,
    versions_table,
    words_list,
)
from dashboard.formatting import count_of, grouped
from dashboard.rule_files import Draft, Place, RuleFiles
from dashboard.session import current
from domain.permission import Permission
from domain.rule import Rule
from domain.series_rule import BurnRateRule
from rules.rule_words import words_of
from storage.rule_health import RuleHealth

REFRESH = timedelta(seconds=20)
FOLLOWS = Follows(
    entity=False,
    region=False,
    currency=False,
    because="rules are the same for all, and what they found is in the currency of each object",
)
SOON = timedelta(seconds=5)


def _page() -> None:
    tell_done()
    draw_frame(FOLLOWS)
    files = current().rule_files
    if files is None:
        write(notice("No rules are read here", "The console was started without the program around it.", "milepost up"))
        return
    asked = st.query_params.get(RULE, "").strip()
    if asked:
        _one(asked, files)
    else:
        st.fragment(_list, run_every=REFRESH)(files)


def _list(files: RuleFiles) -> None:
    def draw() -> None:
        _draw_refusal(files)
        rules = rule_reads.running_rules()
        health, budgets = rule_reads.health(), rule_reads.budgets()
        ordered = sorted(rules.values(), key=lambda rule: (-_weight(rule, health), rule.name))
        which = "your own" if files.are_own else "as shipped"
        write(heading("Rules", f"{count_of(len(rules), 'rule')}, {which}, those with most that fires first"))
        write(rules_table(ordered, health, budgets, reader()))
        write(
            element(
                "p",
                "Noise is what fired and ended in the last 30 days and was retracted, or marked as noise by somebody.",
                class_="mp-quiet",
            )
        )

    shielded(draw)


def _weight(rule: Rule, health: dict[str, RuleHealth]) -> int:
    found = health.get(rule.name)
    return found.firing if found else 0


def _draw_refusal(files: RuleFiles) -> None:
    refused = files.refused()
    if refused:
        problems = "; ".join(refused["problems"][:3])
        write(notice("The rule files are wrong, and the rules read before go on", problems, tone="firing"))


def _one(name: str, files: RuleFiles) -> None:
    st.button("All rules", key="all_rules", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
    _draw_refusal(files)
    rule = rule_reads.running_rules().get(name)
    place = files.place_of(name)
    if rule is not None and place is None:
        st.fragment(_head, run_every=REFRESH)(name)
        write(words_list(words_of(rule)))
        write(notice("Its text cannot be shown by itself", "Its first key is not alert; edit its file by hand."))
        return
    if rule is None or place is None:
        write(
            notice(
                f"There is no rule “{name}”",
                "It may have been renamed or taken out of the files.",
                "milepost rules check",
            )
        )
        if is_editing(name):
            draw_editor(name, files)
        return
    st.fragment(_head, run_every=REFRESH)(name)
    _draw_text(rule, place)
    if is_editing(name):
        draw_editor(name, files)
    else:
        _draw_buttons(name, place)
    # A version that was saved is adopted at the next tick.
    st.fragment(_versions, run_every=SOON)(name)


def _versions(name: str) -> None:
    def draw() -> None:
        write(heading("Versions", "which judges which cases"))
        lines = rule_reads.versions(name)
        if lines:
            write(versions_table(lines, reader()))
        else:
            write(notice("No version was adopted yet", "A rule is adopted at the first tick after it was read."))

    shielded(draw)


def _head(name: str) -> None:
    def draw() -> None:
        rule = rule_reads.running_rules().get(name)
        if rule is None:
            return
        health = rule_reads.health().get(name)
        last = health.last_fired_at if health else None
        facts = [rule.group, f"fired last {reader().ago(last)}" if last else "has never fired"]
        if health and health.noise_share is not None:
            facts.append(f"{grouped(health.noise)} of {grouped(health.ended)} that ended in 30 days were noise")
        facts.append(f"version {rule.version[:8]}")
        if isinstance(rule, BurnRateRule):
            facts.append(f"of {rule.target.name}")
        title = element("h1", name, " ", rule_state(health))
        write(element("div", title, element("div", facts_line(facts), class_="mp-title-facts"), class_="mp-title"))
        if isinstance(rule, BurnRateRule):
            budget = rule_reads.budgets().get(name)
            write(element("div", "Error budget left: ", budget_text(budget), class_="mp-budget"))

    shielded(draw)


def _draw_text(rule: Rule, place: Place) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        write(heading("As it is written", f"{place.path.name}, from line {place.first + 1}"))
        st.code(place.text, language="yaml", wrap_lines=True)
    with right:
        write(heading("What it means"))
        write(words_list(words_of(rule)))
        summary = rule.annotations.get("summary")
        if summary:
            write(element("p", element("span", "People are told: ", class_="mp-quiet"), summary, class_="mp-words"))


def _draw_buttons(name: str, place: Place) -> None:
    may = people.may_do(Permission.CHANGE_RULES)
    with st.container(horizontal=True, key="rule_buttons"):
        st.button(
            "Edit",
            key="edit_rule",
            icon=":material/edit:",
            type="primary",
            disabled=not may,
            help=may_not(Permission.CHANGE_RULES),
            on_click=begin,
            args=(name, place),
        )
        asked = st.button("Run its tests", key="run_tests", icon=":material/labs:")
    if not may:
        write(no_permission(Permission.CHANGE_RULES))
    if asked:
        with st.spinner("Running the tests"):
            tested = rule_actions.test_draft(Draft(name, place, place.text, place.tests))
        write(test_result(tested, is_current=True))


def _leave() -> None:
    st.query_params.pop(RULE, None)


shielded(_page)
