"""What people do, as commands ask for it: with alerts, and the audit log of it all; here and over HTTP."""

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from typer.testing import CliRunner, Result

from collector.access import DoorSettings
from collector.operations import DiscardWish, ReplayWish
from collector.tokens import new_operator_token
from domain.alert_action import ActionKind
from domain.audit import Head
from domain.clock import FixedClock
from domain.errors import UsageError
from domain.instants import EPOCH
from milepost.alert_handling import ActionWish
from milepost.answers.protocol import Answers
from milepost.api.routes import api_routes
from milepost.cli import app
from milepost.settings import Settings
from storage.alerts import write_transitions
from storage.audit import AuditPeriod, audit_head
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from tests.builders import NOW, alert
from tests.engine import Engine
from tests.integration.collector.running import running_collector
from tests.integration.milepost.places import PLACES, answers_at

FIRING = alert()
Command = Callable[..., Result]


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, embedded_store: Store) -> Iterator[Answers]:
    write_transitions(embedded_store, [FIRING, alert(object="order/O-2")])
    with answers_at(request.param, embedded_store) as answers:
        yield answers


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, engine: Engine, embedded_store: Store) -> Command:
    """Runs a command on the store; what it prints is in the result."""
    write_transitions(embedded_store, [FIRING, alert(object="order/O-2")])
    monkeypatch.setenv("MILEPOST_STORE", engine.dsn(embedded_store.database))
    return lambda *words: CliRunner().invoke(app, list(words))


def test_what_people_did_is_shown_with_the_alert(answers: Answers) -> None:
    wishes = [
        ActionWish(ActionKind.ACKNOWLEDGE, comment="on it", by="ana"),
        ActionWish(ActionKind.ASSIGN, "ben", by="ana"),
        ActionWish(ActionKind.MARK, "useful", by="ben"),
    ]
    done = [answers.act_on_alert(FIRING.alert_id[:16], wish) for wish in wishes]

    shown = answers.alert(FIRING.alert_id)
    [other] = [row for row in answers.alerts(None, 10) if row["object_id"] == "O-2"]

    assert shown["acknowledged"] == {"value": None, "by": "ana", "at": "2026-11-02T12:00:00Z", "comment": "on it"}
    assert (shown["assigned"]["value"], shown["marked"]["value"]) == ("ben", "useful")
    assert shown["actions"] == done
    assert (other["acknowledged"], other["assigned"], other["marked"], other["actions"]) == (None, None, None, [])


def test_an_alert_there_is_not_cannot_be_acted_on(answers: Answers) -> None:
    with pytest.raises(UsageError) as refusal:
        answers.act_on_alert("zz", ActionWish(ActionKind.ACKNOWLEDGE, by="ana"))

    assert str(refusal.value) == (
        "no alert's id begins with 'zz'; `milepost alerts list --output json` shows their ids"
    )


def test_every_act_is_in_the_log_before_it_counts_and_the_log_is_unbroken(
    answers: Answers, embedded_store: Store
) -> None:
    letters = [DeadLetter(f"l-{number}", NOW, "events", "conflict", "no", source="crm") for number in range(3)]
    insert_dead_letters(embedded_store, letters)
    answers.act_on_alert(FIRING.alert_id, ActionWish(ActionKind.COMMENT, comment="hm", by="ana"))
    list(answers.replay(Settings(), ReplayWish(all=True, source="crm", by="ana", dry_run=True)))
    list(answers.replay(Settings(), ReplayWish(all=True, source="crm", by="ana")))
    list(answers.replay(Settings(), ReplayWish(ids=["l-1"], by="ben")))
    answers.discard(DiscardWish(["l-0", "l-2"], "never were events", "ben"))

    rows = answers.audit_page(AuditPeriod(), 0)

    assert [(row["kind"], row["who"], row["subject"], row["reason"]) for row in rows] == [
        ("alert.comment", "ana", FIRING.alert_id, "hm"),
        ("dead_letter.replay", "ana", "3 dead letters", ""),
        ("dead_letter.replay", "ben", "l-1", ""),
        ("dead_letter.discard", "ben", "2 dead letters", "never were events"),
    ]
    assert [json.loads(row["details"]) for row in rows[1:]] == [
        {"letters": 3, "filter": {"source": "crm"}, "first": "l-0", "last": "l-2"},
        {"letters": 1, "dead_letter_ids": ["l-1"]},
        {"dead_letter_ids": ["l-0", "l-2"]},
    ]
    head = f"4:{rows[-1]['hash']}"
    assert answers.audit_verification(head) == {"entries": 4, "head": head, "flaws": [], "flaws_in_all": 0}
    assert answers.audit_page(AuditPeriod(), 4) == rows[3:]
    assert answers.audit_page(AuditPeriod(EPOCH, NOW), 0) == []


def test_a_head_that_is_none_is_refused(answers: Answers) -> None:
    with pytest.raises(UsageError) as refusal:
        answers.audit_verification("7")

    assert str(refusal.value) == "head: '7' is no head; give NUMBER:HASH as `milepost audit verify` prints it"


def test_who_acts_over_http_is_known_by_the_token_too(embedded_store: Store) -> None:
    write_transitions(embedded_store, [FIRING])
    operator = new_operator_token()
    door = DoorSettings(is_exposed=True, operator=operator)
    headers = {"authorization": f"Bearer {operator}"}
    with running_collector(embedded_store, routes=api_routes(embedded_store, FixedClock(NOW)), door=door) as running:
        path = f"{running.url}/api/alerts/{FIRING.alert_id}/actions"
        refused = httpx.post(path, json={"kind": "acknowledge", "by": "ana"}, timeout=30)
        done = httpx.post(path, json={"kind": "acknowledge", "by": "ana"}, headers=headers, timeout=30)
        token = {"name": "crm", "scopes": ["events"], "sources": ["crm"], "by": "ana", "reason": "go-live"}
        httpx.post(f"{running.url}/api/tokens", json=token, headers=headers, timeout=30).raise_for_status()
        gone = {"by": "ben", "reason": "leaked"}
        revoke = f"{running.url}/api/tokens/crm/revoke"
        httpx.post(revoke, params=gone, headers=headers, timeout=30).raise_for_status()
        rows = httpx.get(f"{running.url}/api/audit", headers=headers, timeout=30).json()

    assert (refused.status_code, done.json()["by"]) == (401, "operator (ana)")
    assert [(row["kind"], row["who"], row["token"], row["subject"], row["reason"]) for row in rows] == [
        ("alert.acknowledge", "ana", "operator", FIRING.alert_id, ""),
        ("token.create", "ana", "operator", "crm", "go-live"),
        ("token.revoke", "ben", "operator", "crm", "leaked"),
    ]


def test_commands_act_on_alerts_by_the_beginning_of_their_ids(command: Command, embedded_store: Store) -> None:
    other = alert(object="order/O-2").alert_id

    acknowledged = command("alerts", "ack", FIRING.alert_id[:8], other, "--by", "ana", "--comment", "on it")
    half = command("alerts", "mark", "noise", FIRING.alert_id, "zz", "--by", "ana")
    command("alerts", "assign", other, "--to", "ben", "--by", "ana")
    command("alerts", "comment", other, "--comment", "called them", "--by", "ana")
    command("alerts", "unack", other, "--by", "ana")
    listed, shown = command("alerts", "list"), command("alerts", "show", other)

    assert acknowledged.exit_code == 0
    assert acknowledged.output.splitlines() == [
        f"acknowledged: OrderNotPosted on order/O-1001 ({FIRING.alert_id})",
        f"acknowledged: OrderNotPosted on order/O-2 ({other})",
    ]
    assert half.exit_code == 2
    assert f"marked as noise: OrderNotPosted on order/O-1001 ({FIRING.alert_id})\n" in half.output
    assert "ack ana, noise" in listed.output
    assert "to ben" in listed.output
    lines = [line.split("  ", 2)[2].strip() for line in shown.output.splitlines() if " by ana at " in line]
    assert [line.partition(" at ")[0] for line in lines] == [
        "acknowledge by ana",
        "assign ben by ana",
        "comment by ana",
        "unacknowledge by ana",
    ]


def test_the_log_is_verified_by_a_command_whose_exit_code_says_so(command: Command, embedded_store: Store) -> None:
    for comment in ("one", "two", "three"):
        command("alerts", "comment", FIRING.alert_id, "--comment", comment, "--by", "ana")
    head = str(audit_head(embedded_store))
    whole, kept = command("audit", "verify"), command("audit", "verify", "--head", head)
    embedded_store.execute("ALTER TABLE audit_log DELETE WHERE number = 3 SETTINGS mutations_sync = 2")
    cut, missed = command("audit", "verify"), command("audit", "verify", "--head", head)
    embedded_store.execute("ALTER TABLE audit_log UPDATE who = 'bob' WHERE number = 1 SETTINGS mutations_sync = 2")
    changed = command("audit", "verify", "--output", "json")

    assert [one.exit_code for one in (whole, kept, cut, missed, changed)] == [0, 0, 0, 1, 1]
    assert whole.output == f"3 entries, unbroken; head {head}\n"
    assert missed.output == f"entry 3: the entry was removed\n2 entries, broken; head {audit_head(embedded_store)}\n"
    assert json.loads(changed.output)["flaws"] == [
        {"number": 1, "problem": "the entry was changed: its content does not give its hash"}
    ]
    assert isinstance(command("audit", "verify", "--head", "1").exception, UsageError)


def test_a_period_of_the_log_is_exported_safe_for_spreadsheets(command: Command, embedded_store: Store) -> None:
    said = f"=HYPERLINK({uuid.uuid4()})\nsecond line"
    command("alerts", "comment", FIRING.alert_id, "--comment", said, "--by", "ana")

    rows = json.loads(command("audit", "export").output)
    table = list(csv.DictReader(io.StringIO(command("audit", "export", "--format", "csv").output)))
    later = (NOW + timedelta(days=36_500)).isoformat()
    none = command("audit", "export", "--from", later)

    assert [(row["reason"], row["who"]) for row in rows] == [(said, "ana")]
    assert [(row["reason"], row["who"]) for row in table] == [(f"'{said}", "ana")]
    assert str(Head(1, rows[0]["hash"])) == str(audit_head(embedded_store))
    assert (none.exit_code, json.loads(none.output)) == (0, [])
