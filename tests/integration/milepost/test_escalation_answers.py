"""Who is called when nobody acknowledges, snoozes and digests, as commands ask for them: here and over HTTP."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.config import load_routing
from alerts.muting import Routing, build_routing
from domain.alert_action import ActionKind
from domain.errors import UsageError
from milepost.alert_handling import ActionWish
from milepost.answers.protocol import Answers
from milepost.cli import app
from storage.alerts import write_transitions
from storage.audit import audit_page
from storage.client import Store
from storage.escalations import Escalation, write_escalations
from tests.builders import NOW, alert
from tests.engine import Engine
from tests.integration.milepost.places import PLACES, answers_at

FIRING = alert(labels={"legal_entity": "DE01"})
OTHER = alert(name="BillingNotSetUp", object="contract/C-1")
ROUTING = """
route:
  receiver: ops
  group_by: [alertname]
  escalation: o2c
  routes: [{matchers: [alertname=BillingNotSetUp], escalation: none}]
receivers: [{name: ops}, {name: ana_phone}, {name: boss}]
escalation:
  members: [{name: ana, receivers: [ana_phone]}, {name: ben, receivers: [boss]}]
  rotations: [{name: first, time_zone: UTC, starts_on: 2026-11-02, handover: "09:00", members: [ana, ben]}]
  policies:
    - {name: o2c, steps: [{after: 15m, rotations: [first]}, {after: 30m, receivers: [boss]}], repeat: 1}
digest: [{name: daily, at: "07:30", time_zone: UTC, receivers: [boss]}]
"""
Command = Callable[..., Result]


@pytest.fixture
def routing(tmp_path: Path) -> Routing:
    (tmp_path / "routing.yaml").write_text(ROUTING, encoding="utf-8")
    return build_routing(load_routing(tmp_path / "routing.yaml"))


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, embedded_store: Store, routing: Routing) -> Iterator[Answers]:
    write_transitions(embedded_store, [FIRING, OTHER])
    with answers_at(request.param, embedded_store, lambda: routing) as answers:
        yield answers


def test_who_is_on_call_and_who_is_next_is_asked_of_an_instant(answers: Answers) -> None:
    [policy] = answers.escalation_policies(None, None)
    [later] = answers.escalation_policies("o2c", NOW + timedelta(days=7))
    with pytest.raises(UsageError) as refusal:
        answers.escalation_policies("c2o", None)

    [turn] = policy["steps"][0]["rotations"]
    assert (turn["on_call"]["member"], turn["on_call"]["until"]) == ("ana", "2026-11-09T09:00:00Z")
    assert (turn["next"]["member"], turn["next"]["since"]) == ("ben", "2026-11-09T09:00:00Z")
    assert [step["tells"] for step in policy["steps"]] == [["ana_phone"], ["boss"]]
    assert [step["after"] for step in policy["steps"]] == ["15m", "30m"]
    assert later["steps"][0]["tells"] == ["boss"]
    assert str(refusal.value) == 'escalation policy "c2o" is not in the routing file; defined there: o2c'


def test_how_far_an_alert_is_and_who_follows_is_shown(answers: Answers, embedded_store: Store) -> None:
    none, before = (answers.escalation_of_alert(one.alert_id, None) for one in (OTHER, FIRING))
    key = '{}:{alertname="OrderNotPosted"}'
    reached = Escalation("ops", key, "o2c", NOW, 1, NOW, {"ana_phone": 1}, version=1)
    write_escalations(embedded_store, [reached])
    after = answers.escalation_of_alert(FIRING.alert_id[:16], None)
    answers.act_on_alert(FIRING.alert_id, ActionWish(ActionKind.SNOOZE, "2h", "known", "ana"))
    write_escalations(embedded_store, [replace(reached, started_at=None, version=2)])
    held = answers.escalation_of_alert(FIRING.alert_id, None)

    assert [(one["policy"], one["upcoming"]) for one in none["groups"]] == [(None, [])]
    assert [(one["started_at"], one["steps_reached"]) for one in before["groups"]] == [(None, 0)]
    [group] = after["groups"]
    assert (group["told"], group["steps_reached"], group["next_at"]) == (["ana_phone"], 1, "2026-11-02T12:30:00Z")
    assert [(one["round"], one["step"], one["at"], one["receivers"]) for one in group["upcoming"]] == [
        (1, 2, "2026-11-02T12:30:00Z", ["boss"]),
        (2, 1, "2026-11-02T12:45:00Z", ["ana_phone"]),
        (2, 2, "2026-11-02T13:15:00Z", ["boss"]),
    ]
    assert (held["snoozed_until"], held["groups"][0]["upcoming"]) == ("2026-11-02T14:00:00Z", [])


def test_a_snooze_and_a_wish_to_escalate_are_shown_and_audited(answers: Answers, embedded_store: Store) -> None:
    snoozed = answers.act_on_alert(FIRING.alert_id, ActionWish(ActionKind.SNOOZE, "2h", "until noon", "ana"))
    answers.act_on_alert(FIRING.alert_id, ActionWish(ActionKind.ESCALATE, comment="I am stuck", by="ana"))
    shown = answers.alert(FIRING.alert_id)
    answers.act_on_alert(FIRING.alert_id, ActionWish(ActionKind.UNACKNOWLEDGE, by="ana"))

    assert (snoozed["kind"], snoozed["value"]) == ("snooze", "2h")
    assert shown["snoozed"] == {
        "value": "2h",
        "by": "ana",
        "at": "2026-11-02T12:00:00Z",
        "comment": "until noon",
        "until": "2026-11-02T14:00:00Z",
    }
    assert shown["acknowledged"] is None
    assert answers.alert(FIRING.alert_id)["snoozed"] is None
    assert [(one.kind, one.reason) for one in audit_page(embedded_store)] == [
        ("alert.snooze", "until noon"),
        ("alert.escalate", "I am stuck"),
        ("alert.unacknowledge", ""),
    ]


@pytest.mark.parametrize(
    ("wish", "of", "reason"),
    [
        pytest.param(
            ActionWish(ActionKind.ESCALATE, comment="x", by="ana"),
            OTHER,
            f"the alert {OTHER.alert_id} has no escalation policy; name one in its route in the routing file",
            id="no policy",
        ),
        pytest.param(
            ActionWish(ActionKind.ESCALATE, by="ana"),
            FIRING,
            "the comment is empty; say why others are needed",
            id="escalated without a comment",
        ),
        pytest.param(
            ActionWish(ActionKind.SNOOZE, "2h", by="ana"),
            FIRING,
            "the comment is empty; say why it can wait",
            id="snoozed without a comment",
        ),
        pytest.param(
            ActionWish(ActionKind.SNOOZE, "31d", "x", "ana"),
            FIRING,
            "an alert is snoozed for 31d; give a duration above zero and up to 30d, such as 2h",
            id="snoozed for too long",
        ),
        pytest.param(
            ActionWish(ActionKind.SNOOZE, "soon", "x", "ana"),
            FIRING,
            "snooze: 'soon' is not a duration; give a duration such as 4h, 90m, 1h30m or 2d (units w, d, h, m, s, ms)",
            id="snoozed for no duration",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(answers: Answers, wish: ActionWish, of: object, reason: str) -> None:
    assert isinstance(of, type(FIRING))
    with pytest.raises(UsageError) as refusal:
        answers.act_on_alert(of.alert_id, wish)

    assert str(refusal.value) == reason


def test_a_digest_is_shown_with_whom_it_is_sent_to(answers: Answers) -> None:
    digest = answers.digest("daily", NOW)
    with pytest.raises(UsageError) as refusal:
        answers.digest("weekly", None)

    assert (digest["due_at"], digest["receivers"], digest["open"]) == ("2026-11-02T07:30:00Z", ["boss"], 2)
    assert [(row["legal_entity"], row["alert"], row["open_amount"]) for row in digest["rows"]] == [
        ("DE01", "OrderNotPosted", "12500.00"),
        (None, "BillingNotSetUp", "12500.00"),
    ]
    assert str(refusal.value) == 'digest "weekly" is not in the routing file; defined there: daily'


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, embedded_store: Store, tmp_path: Path, routing: Routing
) -> Command:
    write_transitions(embedded_store, [FIRING, OTHER])
    monkeypatch.setenv("MILEPOST_STORE", engine.dsn(embedded_store.database))
    monkeypatch.setenv("MILEPOST_CONFIG", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, list(words))


def test_commands_show_rotations_escalations_and_digests_and_snooze(command: Command) -> None:
    at = ("--at", "2026-11-02T12:00:00Z")
    rotations = command("alerts", "escalation", "o2c", *at)
    snoozed = command("alerts", "snooze", FIRING.alert_id, "--for", "2h", "--comment", "later", "--by", "ana")
    escalated = command("alerts", "escalate", FIRING.alert_id, "--comment", "stuck", "--by", "ana")
    alert_shown = command("alerts", "escalation", "--alert", FIRING.alert_id)
    listed = command("alerts", "list")
    table, as_csv = (command("alerts", "digest", "daily", *at, "--output", how) for how in ("table", "csv"))
    as_json = json.loads(command("alerts", "digest", "daily", *at, "--output", "json").output)

    assert rotations.output.splitlines() == [
        "policy  step  after  tells      on_call      until                 next                           next_until",
        "o2c     1     15m    ana_phone  ana (first)  2026-11-09T09:00:00Z  ben from 2026-11-09T09:00:00Z  "
        "2026-11-16T09:00:00Z",
        "o2c     2     30m    boss",
    ]
    assert snoozed.output == f"snoozed for 2h: OrderNotPosted on order/O-1001 ({FIRING.alert_id})\n"
    assert escalated.output == f"escalated: OrderNotPosted on order/O-1001 ({FIRING.alert_id})\n"
    assert "snoozed until " in alert_shown.output
    assert 'ops {}:{alertname="OrderNotPosted"}: o2c, 0 steps reached, the clock stands still' in alert_shown.output
    assert "snoozed by ana until " in listed.output
    assert table.output.splitlines()[0] == ("daily of 2026-11-02T07:30:00Z, ended since 2026-11-01T07:30:00Z, to boss")
    assert as_csv.output.splitlines()[1] == "DE01,warning,OrderNotPosted,EUR,1,12500.00,0,2026-11-02T12:00:00Z,0,,0,0"
    assert as_json["open"] == 2


def test_commands_refuse_what_is_wrong(command: Command) -> None:
    late = command("alerts", "snooze", FIRING.alert_id, "--for", "soon", "--comment", "x", "--by", "ana")
    when = command("alerts", "escalation", "--at", "soon")

    assert isinstance(late.exception, UsageError)
    assert str(late.exception).startswith("--for: 'soon' is not a duration; ")
    assert isinstance(when.exception, UsageError)
