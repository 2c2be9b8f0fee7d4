"""A draft of a rule: where it stands, what is wrong with it, what its tests say, and how it is saved."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dashboard import rule_actions
from dashboard.rule_drafts import Desk, Work, with_texts
from dashboard.rule_files import Draft, RuleFiles, check_draft
from dashboard.session import ConsoleContext, attach
from domain.clock import FixedClock
from domain.errors import UsageError
from rules.replay import By
from storage.audit import audit_page
from storage.client import Store
from tests.browser.stuck_order import seed_stuck_order
from tests.integration.dashboard.rule_folder import RULES, TESTS, rule_files, write_rules

NAME = "OrderNotPosted"
REASON = "the ERP got slower"


@pytest.fixture
def files(tmp_path: Path, embedded_store: Store, now: datetime) -> RuleFiles:
    """Shipped rules, and a place for the user's own that nobody has used yet."""
    found = rule_files(write_rules(tmp_path / "shipped"), tmp_path / "config" / "rules")
    (tmp_path / "config").mkdir()
    attach(ConsoleContext(embedded_store, FixedClock(now), rule_files=found))
    return found


def _draft(files: RuleFiles, before: str = "", after: str = "", tests: str | None = None) -> Draft:
    place = files.place_of(NAME)
    assert place is not None
    return Draft(NAME, place, place.text.replace(before, after), place.tests if tests is None else tests)


def _unseen(done: int, total: int) -> None:
    """Nobody watches."""


def test_a_rule_is_found_without_its_neighbours(files: RuleFiles) -> None:
    draft = _draft(files)

    assert draft.text == (
        "- alert: OrderNotPosted\n"
        "  milestone: {object: order, from: order.approved, to: order.posted, within: 4h}\n"
        "  labels: {team: orders}\n"
    )
    assert draft.tests == TESTS
    assert not draft.is_changed
    assert files.place_of("Nothing") is None


def test_a_changed_rule_leaves_the_rest_of_its_file_as_it_is(files: RuleFiles) -> None:
    draft = _draft(files, "4h", "5h")

    assert draft.place.with_text(draft.text) == RULES.replace("within: 4h", "within: 5h")
    assert draft.place.with_text(draft.place.text) == RULES
    assert "-        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}\n" in draft.diff


def test_what_is_wrong_is_told_by_the_lines_of_the_draft(files: RuleFiles) -> None:
    [wrong] = check_draft(files, _draft(files, "4h", "soon")).problems
    right = check_draft(files, _draft(files, "4h", "5h"))

    assert (str(wrong.path), wrong.line, wrong.column) == (NAME, 2, 78)
    assert wrong.message.startswith('rule "OrderNotPosted": milestone.within is "soon"; give a duration such as 4h')
    assert right.problems == ()
    assert [rule.name for rule in right.rules] == [NAME]


def test_tests_run_with_the_draft_in_its_place(files: RuleFiles) -> None:
    as_it_is = rule_actions.test_draft(_draft(files))
    slower = rule_actions.test_draft(_draft(files, "4h", "5h"))
    mended = rule_actions.test_draft(_draft(files, "4h", "5h", TESTS.replace("4h30m", "5h30m")))
    unreadable = rule_actions.test_draft(_draft(files, tests="- name: [\n"))

    assert (as_it_is.tests, as_it_is.passed) == (2, True)
    assert [(str(one.path), one.line) for one in slower.failures] == [("orders_test.yaml", 5)]
    assert slower.failures[0].message == (
        'test "an order that is not posted fires": at 4h30m: firing: expected [OrderNotPosted], got []'
    )
    assert mended.passed
    assert str(unreadable.problems[0].path) == "orders_test.yaml"


def test_a_backtest_says_what_would_have_been_told_otherwise(
    files: RuleFiles, embedded_store: Store, now: datetime
) -> None:
    seed_stuck_order(embedded_store, now)
    until = now + timedelta(seconds=1)

    report = rule_actions.backtest(_draft(files, "4h", "2h"), until - timedelta(days=7), until, By.OCCURRENCE, _unseen)

    # The order that is under way for three and a half hours would have fired as well.
    assert report["running"]["total"]["fired"] == 1
    assert report["candidate"]["total"]["fired"] == 2
    assert report["comparison"]["total"] == {
        "both": 1,
        "only_running": 0,
        "only_candidate": 1,
        "fires_otherwise": 1,
        "other_severity": 0,
    }


def test_the_first_save_copies_the_shipped_rules_and_is_audited_with_its_diff(
    files: RuleFiles, embedded_store: Store
) -> None:
    draft = _draft(files, "4h", "5h", TESTS.replace("4h30m", "5h30m"))

    path = rule_actions.save_rule(draft, "ada", REASON)

    assert files.own is not None
    assert path == files.own / "orders.yaml"
    assert path.read_text(encoding="utf-8") == RULES.replace("within: 4h", "within: 5h")
    assert path.with_name("orders_test.yaml").read_text(encoding="utf-8") == TESTS.replace("4h30m", "5h30m")
    assert sorted(one.name for one in path.parent.iterdir()) == ["orders.yaml", "orders_test.yaml"]
    assert draft.place.path.read_text(encoding="utf-8") == RULES
    [entry] = audit_page(embedded_store)
    assert (entry.kind, entry.who, entry.subject, entry.reason) == ("rule.save", "ada", NAME, REASON)
    assert (
        "+        milestone: {object: order, from: order.approved, to: order.posted, within: 5h}"
        in (json.loads(entry.details)["diff"])
    )


def test_a_second_save_changes_the_users_own(files: RuleFiles) -> None:
    rule_actions.save_rule(_draft(files, "4h", "5h", TESTS.replace("4h30m", "5h30m")), "ada", REASON)

    path = rule_actions.save_rule(_draft(files, "team: orders", "team: finance"), "ada", "they have it now")

    assert path.read_text(encoding="utf-8") == RULES.replace("within: 4h", "within: 5h").replace(
        "team: orders", "team: finance"
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param("4h", "4h", "nothing is changed; edit the rule first", id="nothing changed"),
        pytest.param(
            "4h", "5h", "its tests do not pass; change the rule or its tests until they do", id="tests that fail"
        ),
        pytest.param(
            "within: 4h", "within: 0s", "the rule is not right: OrderNotPosted:2:78: rule ", id="a wrong rule"
        ),
    ],
)
def test_what_is_not_right_is_not_saved(
    files: RuleFiles, embedded_store: Store, before: str, after: str, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        rule_actions.save_rule(_draft(files, before, after), "ada", REASON)

    assert str(refused.value).startswith(said)
    assert files.own is not None
    assert not files.own.exists()
    assert audit_page(embedded_store) == []


def test_a_draft_of_a_file_that_others_changed_meanwhile_is_not_saved(files: RuleFiles, embedded_store: Store) -> None:
    mine = _draft(files, "team: orders", "team: finance")
    rule_actions.save_rule(_draft(files, "4h", "5h", TESTS.replace("4h30m", "5h30m")), "ada", REASON)

    with pytest.raises(UsageError) as refused:
        rule_actions.save_rule(mine, "ben", REASON)

    assert str(refused.value) == (
        "the rule's file has changed since you began; copy your draft, start over, and put it in again"
    )
    assert len(audit_page(embedded_store)) == 1


def test_without_a_folder_of_ones_own_nothing_is_saved(files: RuleFiles, embedded_store: Store, now: datetime) -> None:
    attach(ConsoleContext(embedded_store, FixedClock(now), rule_files=replace(files, own=None)))

    with pytest.raises(UsageError) as refused:
        rule_actions.save_rule(_draft(files, "team: orders", "team: finance"), "ada", REASON)

    assert str(refused.value) == (
        "there is no folder of your own rules; set MILEPOST_CONFIG to a folder and start again"
    )


def test_a_draft_is_its_makers_and_its_tests_are_of_one_text(files: RuleFiles) -> None:
    desk, work = Desk(), Work(_draft(files))
    tested = replace(work, tested=(work.text_id, rule_actions.test_draft(work.draft)))
    desk.put("ada", tested)

    assert desk.find("ada", NAME) == tested
    assert desk.find("ben", NAME) is None
    assert tested.is_tested
    assert not with_texts(tested, work.draft.text.replace("4h", "5h"), TESTS).is_tested
