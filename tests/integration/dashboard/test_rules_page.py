"""The pages of rules and sources, and what silences say of escalation, without a browser."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alerts.config import load_routing
from alerts.handling import Deed, handle
from alerts.muting import build_routing
from collector.contract_definitions import SHIPPED as SHIPPED_CONTRACTS
from collector.contract_definitions import load_contracts
from dashboard import rule_reads
from dashboard.rule_files import RuleFiles
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach, current
from dashboard.sign_in import SignIn
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.clock import FixedClock
from domain.rule import MilestoneRule
from domain.silence import SilenceState
from domain.source_silence import Silences
from rules.clock_counting import count_clocks
from storage.alerts import list_alerts, write_transitions
from storage.client import Store
from storage.contract_flags import ContractFlag, insert_contract_flags
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.series import write_states
from storage.silences import list_silences
from tests.browser.stuck_order import seed_stuck_order
from tests.builders import alert
from tests.integration.dashboard.rule_folder import TESTS, rule_files, write_rules
from tests.integration.dashboard.test_people_in_console import SETUP

NAME = "OrderNotPosted"
RULES_PAGE, SOURCES_PAGE, SILENCES_PAGE = "views/rules.py", "views/sources.py", "views/silences.py"
ROUTING = """route: {receiver: ops, escalation: o2c}
receivers: [{name: ops}, {name: ana_phone}, {name: boss}]
escalation:
  members: [{name: ana, receivers: [ana_phone]}, {name: ben, receivers: [boss]}]
  rotations: [{name: first, time_zone: UTC, starts_on: 2026-11-02, handover: "09:00", members: [ana, ben]}]
  policies:
    - {name: o2c, steps: [{after: 15m, rotations: [first]}, {after: 30m, receivers: [boss]}], repeat: 1}
"""


@pytest.fixture
def files(tmp_path: Path) -> RuleFiles:
    """Rules that nobody has changed yet."""
    (tmp_path / "config").mkdir()
    return rule_files(write_rules(tmp_path / "shipped"), tmp_path / "config" / "rules")


@pytest.fixture
def page(embedded_store: Store, now: datetime, files: RuleFiles) -> AppTest:
    """The console of a company with one stuck order, open to whoever is at the machine."""
    seed_stuck_order(embedded_store, now)
    contracts = load_contracts(SHIPPED_CONTRACTS).contracts
    attach(ConsoleContext(embedded_store, FixedClock(now), contracts=contracts, rule_files=files))
    return AppTest.from_file(str(APP), default_timeout=60)


def _shown(page: AppTest) -> str:
    assert [error.message for error in page.exception] == []
    return "".join(block.proto.body for block in page.get("html"))


def _open(page: AppTest, view: str, **params: str) -> str:
    page.run()
    for name, value in params.items():
        page.query_params[name] = value
    return _shown(page.switch_page(view).run())


def test_rules_tell_how_they_do(page: AppTest, embedded_store: Store, now: datetime) -> None:
    over = [
        alert(object=f"order/O-{number}", state=state, resolved_at=now, changed_at=now)
        for number, state in enumerate((AlertState.RESOLVED, AlertState.RETRACTED), start=50)
    ]
    write_transitions(embedded_store, over)

    shown = _open(page, RULES_PAGE)

    assert "2 rules, as shipped, those with most that fires first" in shown
    assert '<a href="rules?rule=OrderNotPosted" target="_self" class="mp-link">OrderNotPosted</a>' in shown
    assert "1 firing" in shown
    assert "1 of 2 alerts that ended" in shown
    assert shown.count("quiet") >= 1


def test_what_is_marked_as_noise_is_noise_until_it_is_marked_as_useful(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    [firing] = list_alerts(embedded_store, AlertState.FIRING)
    write_transitions(
        embedded_store,
        [alert(object=str(firing.business_object), state=AlertState.RESOLVED, resolved_at=now, changed_at=now)],
    )

    def noise() -> tuple[int, int]:
        rule_reads.forget_rules()
        health = rule_reads.health()[NAME]
        return health.noise, health.ended

    assert noise() == (0, 1)
    handle(embedded_store, firing, Deed(ActionKind.MARK, "noise", "the ERP is locked"), Actor("ana"), now)
    assert noise() == (1, 1)
    handle(
        embedded_store, firing, Deed(ActionKind.MARK, "useful", "it was not"), Actor("ben"), now + timedelta(minutes=1)
    )
    assert noise() == (0, 1)


def test_a_rule_says_what_it_means_beside_its_text(page: AppTest) -> None:
    shown = _open(page, RULES_PAGE, rule=NAME)

    assert "After order.approved, every order must reach order.posted within 4 h" in shown
    assert page.code[0].value.startswith("- alert: OrderNotPosted\n  milestone: {object: order")
    assert "No version was adopted yet" in shown


def test_a_rule_that_is_not_there_is_said_so(page: AppTest) -> None:
    assert "There is no rule “Gone”" in _open(page, RULES_PAGE, rule="Gone")


def test_the_tests_of_a_rule_are_run_by_a_click(page: AppTest) -> None:
    _open(page, RULES_PAGE, rule=NAME)

    assert "2 tests passed" in _shown(page.button(key="run_tests").click().run())


def test_a_rule_is_edited_checked_tested_and_saved(page: AppTest, files: RuleFiles) -> None:
    _open(page, RULES_PAGE, rule=NAME)
    page.button(key="edit_rule").click().run()
    text = page.text_area(key=f"draft_{NAME}")
    assert text.value

    wrong = _shown(text.set_value(text.value.replace("4h", "soon")).run())
    page.text_area(key=f"draft_{NAME}").set_value(text.value.replace("soon", "5h")).run()
    failing = _shown(page.button(key="run_draft_tests").click().run())
    page.text_area(key=f"draft_tests_{NAME}").set_value(TESTS.replace("4h30m", "5h30m")).run()
    stale = _shown(page)
    passing = _shown(page.button(key="run_draft_tests").click().run())
    page.text_input(key=f"save_{NAME}_who").set_value("ada")
    page.text_area(key=f"save_{NAME}_reason").set_value("the ERP got slower")
    page.button(key=f"save_{NAME}_submit").click().run()

    assert "OrderNotPosted, line 2, column 78: " in wrong
    assert "2 tests, 1 failure" in failing
    assert "The text was changed since its tests ran" in stale
    assert "2 tests passed" in passing
    assert [toast.value for toast in page.toast] == ["Saved in orders.yaml; it is in force from the next tick on"]
    assert files.are_own
    assert "within 5 h" in _shown(page)
    assert [one.key for one in page.text_area] == []


def test_a_draft_outlasts_the_page(page: AppTest, embedded_store: Store) -> None:
    _open(page, RULES_PAGE, rule=NAME)
    page.button(key="edit_rule").click().run()
    text = page.text_area(key=f"draft_{NAME}")
    assert text.value
    text.set_value(text.value.replace("4h", "6h")).run()

    again = AppTest.from_file(str(APP), default_timeout=60)
    _open(again, RULES_PAGE, rule=NAME)

    assert "within: 6h" in str(again.text_area(key=f"draft_{NAME}").value)
    _shown(again.button(key="discard_draft").click().run())
    assert again.button(key="edit_rule")


def test_a_backtest_is_shown_beside_what_runs(page: AppTest) -> None:
    _open(page, RULES_PAGE, rule=NAME)
    page.button(key="edit_rule").click().run()
    text = page.text_area(key=f"draft_{NAME}")
    assert text.value
    text.set_value(text.value.replace("4h", "2h")).run()

    shown = _shown(page.button(key="run_backtest").click().run())

    assert "<caption>The rule that runs and the draft</caption>" in shown
    assert "only with the draft" in shown


def test_a_viewer_reads_rules_and_cannot_edit(page: AppTest, embedded_store: Store, now: datetime) -> None:
    claims = {
        "is_logged_in": True,
        "aud": "milepost",
        "iat": int(now.timestamp()),
        "email": "otto@example.com",
        "groups": ["on-call"],
    }
    attach(
        ConsoleContext(
            embedded_store, FixedClock(now), rule_files=current().rule_files, sign_in=SignIn(SETUP, lambda: claims)
        )
    )

    shown = _open(page, RULES_PAGE, rule=NAME)

    assert page.button(key="edit_rule").disabled
    assert "No permission to change rules and what they judge by: admins can." in shown
    assert "2 tests passed" in _shown(page.button(key="run_tests").click().run())


def test_a_budget_is_told_of_what_was_counted(embedded_store: Store, now: datetime, tmp_path: Path) -> None:
    seed_stuck_order(embedded_store, now)
    folder = write_rules(tmp_path / "rules")
    rule = "{alert: PostingBudgetBurns, burn_rate: {slo: 75%, of: OrderNotPosted, over: 30d, minimum: 1}}"
    (folder / "budgets.yaml").write_text(f"groups: [{{name: budgets, rules: [{rule}]}}]", encoding="utf-8")
    files = rule_files(folder, None)
    attach(ConsoleContext(embedded_store, FixedClock(now), rule_files=files))
    assert rule_reads.budgets() == {}
    [target] = [one for one in files.running() if isinstance(one, MilestoneRule) and one.name == NAME]
    through = now + timedelta(minutes=5)
    kept = count_clocks(embedded_store, target, None, Silences(files.contracts), through)
    write_states(embedded_store, {NAME: kept}, through)
    rule_reads.forget_rules()

    budget = rule_reads.budgets()["PostingBudgetBurns"]

    # One order was late and one in time: half of them, where a quarter may be late.
    assert (budget.cases, float(budget.left)) == (2, -1.0)


def test_sources_tell_what_of_them_goes_wrong(page: AppTest, embedded_store: Store, now: datetime) -> None:
    letter = DeadLetter(
        "d1", now, "events", "invalid_field", "amount is no number", "erp", "9", "application/json", {}, b""
    )
    insert_dead_letters(embedded_store, [letter])
    flag = ContractFlag("crm", "3", "order.approved", 1, "missing_field", "amount is missing")
    insert_contract_flags(embedded_store, [flag], now)

    listed = _open(page, SOURCES_PAGE)
    one = _open(page, SOURCES_PAGE, source="erp")
    other = _open(page, SOURCES_PAGE, source="crm")

    assert "<caption>Sources and how they do</caption>" in listed
    assert '<a href="sources?source=middleware" target="_self" class="mp-link">middleware</a>' in listed
    assert "silent for " in listed
    assert "1 waits" in listed.replace("1 wait<", "1 waits<")
    assert "invalid field" in one
    assert "amount is no number" in one
    assert "<caption>Contracts of erp</caption>" in one
    assert "order.approved: amount is missing" in other
    assert "stored and flagged" in other


def test_a_source_that_nobody_knows_is_said_so(page: AppTest) -> None:
    assert "No source is known as “nowhere”" in _open(page, SOURCES_PAGE, source="nowhere")


def test_silences_say_who_is_on_call_and_what_follows(
    page: AppTest, embedded_store: Store, now: datetime, tmp_path: Path
) -> None:
    assert "Nobody takes turns" in _open(page, SILENCES_PAGE)
    (tmp_path / "routing.yaml").write_text(ROUTING, encoding="utf-8")
    routing = build_routing(load_routing(tmp_path / "routing.yaml"))
    attach(ConsoleContext(embedded_store, FixedClock(now), routing=lambda: routing))

    shown = _open(page, SILENCES_PAGE)

    assert "<caption>Who is on call</caption>" in shown
    assert "After 15 min without an acknowledgement, whoever is on call for first is told." in shown
    assert "Then all of it again, 1 time." in shown


def test_a_silence_is_made_for_any_labels(page: AppTest, embedded_store: Store, now: datetime) -> None:
    _open(page, SILENCES_PAGE)
    page.button(key="new_silence").click().run()
    page.text_input(key="silence_matchers").set_value("alertname=OrderNotPosted legal_entity=DE01")
    page.text_input(key="silence_length").set_value("soon")
    page.text_input(key="make_silence_who").set_value("rita")
    page.text_area(key="make_silence_reason").set_value("ERP maintenance")

    refused = _shown(page.button(key="make_silence_submit").click().run())
    page.text_input(key="silence_length").set_value("3h")
    page.button(key="make_silence_submit").click().run()

    assert "&#x27;soon&#x27; is not a duration" in refused
    [made] = list_silences(embedded_store, [SilenceState.ACTIVE], now, 10)
    assert (made.matchers, made.ends_at) == (
        ('alertname="OrderNotPosted"', 'legal_entity="DE01"'),
        now + timedelta(hours=3),
    )
