"""Versions of the rules as commands and the API show and change them, and a service whose rule files are edited."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.contract import Contracts
from domain.errors import StoreError, UsageError
from domain.instants import EARLIEST
from milepost.answers.protocol import Answers
from milepost.backtest_wish import BacktestWish, unseen
from milepost.rule_versions import MigrationWish
from milepost.service import Service
from milepost.settings import Settings
from rules.engine import Engine as RulesEngine
from rules.loader import load_rules
from rules.references import References
from rules.replay import By
from storage.alerts import list_alerts
from storage.client import Store
from storage.engine_state import open_duties
from storage.events import insert_events
from storage.milestones import Stretch
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.integration.milepost.places import PLACES, answers_at

HOUR = timedelta(hours=1)
RULE = """\
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
"""
SHORTER = RULE.replace("4h", "1h")
CALENDARS = 'calendars:\n  plain:\n    time_zone: UTC\n    hours: {mon-fri: ["09:00-17:00"]}\n'
ROUTING = 'route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [{url: "http://127.0.0.1:9/"}]}]\n'


class Now:
    """A clock that tests move on."""

    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        return self.instant


def write_rule(folder: Path, text: str) -> None:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "orders.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, embedded_store: Store, tmp_path: Path) -> Iterator[Answers]:
    """A store in which an order runs under each of two versions, that of the second an hour after the first."""
    (tmp_path / "calendars.yaml").write_text(CALENDARS, encoding="utf-8")
    insert_events(
        embedded_store,
        [event_row(str(hours), objects=[f"order/O-{hours}"], occurred_at=NOW + hours * HOUR) for hours in (0, 1)],
    )
    for text, through in ((RULE, NOW), (SHORTER, NOW + HOUR), (SHORTER, NOW + 3 * HOUR)):
        write_rule(tmp_path, text)
        RulesEngine(embedded_store, load_rules([tmp_path / "rules"], References())).tick(through)
    with answers_at(request.param, embedded_store) as answers:
        yield answers


def test_versions_are_listed_with_their_cases_and_open_alerts(answers: Answers) -> None:
    answer = answers.rule_versions(None)
    assert answer["refused"] is None
    assert [(row["from"], row["until"], row["open_alerts"]) for row in answer["versions"]] == [
        (None, "2026-11-02T13:00:00Z", 0),
        ("2026-11-02T13:00:00Z", None, 1),
    ]
    assert answers.rule_versions("OrderNotPosted") == answer
    assert answers.rule_versions("Other")["versions"] == []


def test_configured_rules_are_evaluated_with_their_versions_and_other_files_as_they_are(
    answers: Answers, tmp_path: Path
) -> None:
    asked = (tmp_path / "rules", tmp_path / "calendars.yaml", Contracts(), NOW + 3 * HOUR, None)
    assert [row["object_id"] for row in answers.evaluation(*asked, configured=True)] == ["O-1"]
    assert [row["object_id"] for row in answers.evaluation(*asked)] == ["O-0", "O-1"]


def test_an_edit_that_no_tick_has_taken_yet_leaves_running_cases(answers: Answers, tmp_path: Path) -> None:
    write_rule(tmp_path, RULE.replace("4h", "1m"))
    asked = (tmp_path / "rules", tmp_path / "calendars.yaml", Contracts(), NOW + 3 * HOUR, None)
    assert [row["object_id"] for row in answers.evaluation(*asked, configured=True)] == ["O-1"]


def test_a_backtest_of_the_configured_rules_has_their_versions_and_a_candidate_none(
    answers: Answers, tmp_path: Path
) -> None:
    rules, calendars = tmp_path / "rules", tmp_path / "calendars.yaml"
    wish = BacktestWish(rules, rules, calendars, NOW, NOW + 3 * HOUR, By.RECEIPT, configured=True)
    report = answers.backtest(wish, Contracts(), unseen)
    [running], [candidate] = report["running"]["rules"], report["candidate"]["rules"]
    assert (running["started"], running["fired"]) == (2, 1)
    assert (candidate["started"], candidate["fired"]) == (2, 2)
    assert running["rule_version"] == candidate["rule_version"]


def test_the_newest_version_takes_running_cases(answers: Answers, embedded_store: Store, tmp_path: Path) -> None:
    [moved] = answers.migrate_rules(MigrationWish(["OrderNotPosted"], EARLIEST, "agreed with sales"))
    assert (moved["alert"], moved["from"]) == ("OrderNotPosted", None)
    assert answers.migrate_rules(MigrationWish(["OrderNotPosted"])) == []

    RulesEngine(embedded_store, load_rules([tmp_path / "rules"], References())).tick(NOW + 3 * HOUR)

    [row] = answers.rule_versions(None)["versions"]
    assert (row["from"], row["until"], row["open_alerts"], row["reason"]) == (None, None, 2, "agreed with sales")


def test_a_rule_that_is_not_known_cannot_take_cases(answers: Answers) -> None:
    with pytest.raises((UsageError, StoreError), match='no rule "Other" is in force; there are OrderNotPosted'):
        answers.migrate_rules(MigrationWish(["Other"]))


def test_a_running_service_takes_an_edited_rule_and_refuses_a_wrong_one(
    engine: Engine, embedded_store: Store, tmp_path: Path
) -> None:
    (tmp_path / "routing.yaml").write_text(ROUTING, encoding="utf-8")
    write_rule(tmp_path, RULE)
    dsn = engine.dsn(embedded_store.database)
    settings = Settings(store=dsn, collector_port=0, grpc_port=0, console_port=0, config=tmp_path)
    clock = Now()
    service = Service(settings, clock, lambda line: None)
    try:
        insert_events(embedded_store, [event_row("0", objects=["order/O-0"], occurred_at=NOW, received_at=NOW)])
        clock.instant = NOW + HOUR
        service.tick()
        write_rule(tmp_path, SHORTER)
        clock.instant = NOW + 2 * HOUR
        service.tick()
        write_rule(tmp_path, RULE.replace("4h", "0s"))
        later = NOW + 3 * HOUR
        insert_events(embedded_store, [event_row("1", objects=["order/O-1"], occurred_at=later, received_at=later)])
        clock.instant = later
        service.tick()
        due = open_duties(embedded_store, Stretch("order"), None)
        assert due == {"O-0": NOW + 4 * HOUR, "O-1": later + HOUR}
        clock.instant = later + 2 * HOUR
        service.tick()
    finally:
        service.stop()
    alerts = {alert.business_object.id: alert.deadline_at for alert in list_alerts(embedded_store)}
    assert alerts == {"O-0": NOW + 4 * HOUR, "O-1": later + HOUR}
