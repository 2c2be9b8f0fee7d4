"""Interventions as commands ask for them, here and over HTTP: from the plan to the milestone."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from alerts.interventions.config import load_interventions
from alerts.interventions.desk import InterventionDesk
from alerts.interventions.metrics import InterventionMetrics
from alerts.interventions.planning import Selection
from alerts.interventions.runs import RunWish
from collector.app import Collector
from domain.audit import Actor
from domain.clock import FixedClock
from domain.errors import UsageError
from milepost.answers.from_api import ApiAnswers
from milepost.answers.intervention_questions import HistoryWish, InterventionAnswers
from milepost.api.routes import api_routes
from milepost.cli import app
from milepost.http_server import HttpServer, address, bind
from milepost.intervention_rows import DecisionRequest, RunRequest, SelectionWish
from milepost.intervention_setup import RunningInterventions, intervention_settings, local_interventions
from milepost.openapi import document
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from storage.alerts import write_transitions
from storage.client import Store
from storage.events import insert_events
from tests.builders import NOW, alert, event_row
from tests.engine import Engine
from tests.integration.milepost.places import CONTRACTS, PLACES
from tests.middleware import Middleware, Reply
from tests.waiting import eventually

FILE = """\
hosts: ["HOST"]
interventions:
  - name: repost_order
    description: Send an order to the ERP again
    object: order
    url: "http://HOST/orders/{object_id}"
    body: {amount: "{amount}"}
    expects: {milestone: order.posted, within: 10m}
  - name: cancel_order
    description: Cancel an order in the ERP
    object: order
    url: "http://HOST/orders/{object_id}/cancel"
    approval: second_person
    expects: {milestone: order.cancelled, within: 10m}
"""
ORDER = SelectionWish("repost_order", ["order/O-1"])
ORDER_FIELDS: dict[str, Any] = {"name": "repost_order", "objects": ["order/O-1"]}


@pytest.fixture
def middleware() -> Iterator[Middleware]:
    with Middleware() as middleware:
        yield middleware


@pytest.fixture
def settings(tmp_path: Path, middleware: Middleware, embedded_store: Store) -> Settings:
    (tmp_path / "interventions.yaml").write_text(FILE.replace("HOST", middleware.host))
    insert_events(
        embedded_store,
        [
            event_row(f"a-{one}", objects=[f"order/{one}"], amount="1250.5", currency="EUR", legal_entity="DE01")
            for one in ("O-1", "O-2")
        ],
    )
    return Settings(config=tmp_path)


@contextlib.contextmanager
def answers_in(place: str, store: Store, settings: Settings) -> Iterator[tuple[InterventionAnswers, str]]:
    """Answers about the store in that place, and where the API is."""
    clock = FixedClock(NOW)
    if place == "in this process":
        yield local_interventions(store, clock, settings), ""
        return
    configured = intervention_settings(load_interventions(settings.interventions_path), rule_references(settings))
    registry = CollectorRegistry()
    running = RunningInterventions(store, clock, configured, registry)
    routes = [*api_routes(store, clock, CONTRACTS), *running.routes]
    collector = Collector(store, clock, registry, routes)
    listening = bind("127.0.0.1", 0, "the test's port")
    server = HttpServer(collector.app, listening, "collector")
    for part in (collector, server, running):
        part.start()
    try:
        with contextlib.closing(ApiAnswers(address(listening))) as answers:
            yield answers.interventions(settings), address(listening)
    finally:
        running.stop()
        server.stop()
        collector.stop()


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, embedded_store: Store, settings: Settings) -> Iterator[InterventionAnswers]:
    with answers_in(request.param, embedded_store, settings) as (answers, _):
        yield answers


def done(answers: InterventionAnswers, row: dict[str, Any]) -> dict[str, Any]:
    """The run once its calls are made."""
    eventually(lambda: not answers.shown_run(row["run_id"])["is_running"], "the calls are made")
    return answers.shown_run(row["run_id"])


def test_a_start_says_how_many_calls_wait_for_a_person_and_makes_none(
    embedded_store: Store, settings: Settings, middleware: Middleware, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FixedClock(NOW)
    configured = intervention_settings(load_interventions(settings.interventions_path), rule_references(settings))
    running = RunningInterventions(embedded_store, clock, configured, CollectorRegistry())
    running.start()
    running.stop()
    quiet = list(caplog.messages)
    desk = InterventionDesk(
        embedded_store, clock, configured, InterventionMetrics(CollectorRegistry()), threading.Event().wait
    )
    desk.runs.request(RunWish(Selection("repost_order", ["order/O-1", "order/O-2"]), "stuck", "abcdefgh"), Actor("ana"))

    running.start()
    running.stop()

    assert quiet == []
    assert caplog.messages == [
        "calls to the middleware that were not made, or that got no answer: 2, in runs: 1; only a person goes on with "
        "them, by `milepost interventions resume RUN` (`history` shows which)"
    ]
    assert middleware.asked == []


def test_a_run_is_planned_made_and_shown(answers: InterventionAnswers, middleware: Middleware) -> None:
    plan = answers.plan(ORDER)
    row = done(answers, answers.run(RunRequest(**ORDER_FIELDS, reason="stuck", by="ana", run_id="abcdefgh")))
    [listed] = answers.history(HistoryWish(business_object="order/O-1"))

    [planned] = plan["calls"]
    assert (planned["verdict"], planned["request"]["body"]) == ("will_apply", {"amount": "1250.50"})
    assert plan["totals"][0] == {
        "verdict": "will_apply",
        "calls": 1,
        "money": [{"amount": "1250.50", "currency": "EUR"}],
        "unknown": 0,
    }
    assert (row["run_id"], row["requested_by"], row["calls"]) == ("abcdefgh", "ana", [listed])
    assert (listed["state"], listed["amount"]) == ("taken", "1250.50")
    assert [one["state"] for one in answers.versions(listed["intervention_id"][:9])] == [
        "not_tried",
        "calling",
        "taken",
    ]
    assert [asked.key for asked in middleware.effects] == [listed["intervention_id"]]


def test_the_interventions_there_are_can_be_seen(answers: InterventionAnswers) -> None:
    first, second = answers.definitions()

    assert (first["name"], first["object_type"], first["milestone"], first["within"], first["approval"]) == (
        "repost_order",
        "order",
        "order.posted",
        "10m",
        None,
    )
    assert second["approval"] == "second_person"


def test_a_second_person_approves_or_rejects(answers: InterventionAnswers, middleware: Middleware) -> None:
    wishes = [
        RunRequest(name="cancel_order", objects=[one], reason="x", by="ana") for one in ("order/O-1", "order/O-2")
    ]
    first, second = (answers.run(wish)["run_id"] for wish in wishes)
    with pytest.raises(UsageError) as refusal:
        answers.decide(first, "approve", DecisionRequest("x", "ana"))
    before = list(middleware.asked)
    approved = done(answers, answers.decide(first, "approve", DecisionRequest("right", "ben")))
    rejected = answers.decide(second, "reject", DecisionRequest("wrong", "ben"))

    assert str(refusal.value) == f"ana requested the run {first}; a second person approves it"
    assert before == []
    assert [run["calls"][0]["state"] for run in (approved, rejected)] == ["taken", "rejected"]


def test_a_run_that_stopped_is_resumed(answers: InterventionAnswers, middleware: Middleware) -> None:
    middleware.replies(Reply(400, applies=False))
    wish = RunRequest(name="repost_order", objects=["order/O-1", "order/O-2"], reason="stuck", by="ana")
    stopped = done(answers, answers.run(wish))
    resumed = done(answers, answers.decide(stopped["run_id"], "resume", DecisionRequest("it is back", "ana")))

    assert [one["state"] for one in stopped["calls"]] == ["failed", "not_tried"]
    assert [one["state"] for one in resumed["calls"]] == ["failed", "taken"]


STATES = (
    "awaiting_approval, rejected, expired, not_tried, calling, taken, unknown, succeeded, unconfirmed, failed, no_op, "
    "conflict"
)
UNANSWERED: list[tuple[Callable[[InterventionAnswers], object], str]] = [
    (
        lambda answers: answers.shown_run("zz"),
        "no run's id begins with 'zz'; `milepost interventions history` shows their ids",
    ),
    (
        lambda answers: answers.versions("zz"),
        "no intervention's id begins with 'zz'; `milepost interventions history --output json` shows their ids",
    ),
    (
        lambda answers: answers.history(HistoryWish(states=["done"])),
        f"state is 'done'; give one of {STATES}",
    ),
    (
        lambda answers: answers.plan(SelectionWish("repost", ["order/O-1"])),
        'there is no intervention "repost"; did you mean "repost_order"?',
    ),
    (
        lambda answers: answers.plan(SelectionWish(objects=["order/O-1"])),
        "objects are named without an intervention; give its name before them",
    ),
    (
        lambda answers: answers.run(RunRequest(**ORDER_FIELDS, reason="", by="ana")),
        "the reason is empty; say why",
    ),
]


@pytest.mark.parametrize(("ask", "message"), UNANSWERED, ids=[message[:40] for _, message in UNANSWERED])
def test_what_cannot_be_answered_says_why(
    answers: InterventionAnswers, ask: Callable[[InterventionAnswers], object], message: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        ask(answers)

    assert str(refusal.value) == message


def test_every_answer_is_as_the_document_says(embedded_store: Store, settings: Settings) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    documented = schemathesis.openapi.from_dict(document())

    def ask(method: str, template: str, path: str = "", **how: Any) -> Any:
        response = httpx.request(method, url + (path or template), timeout=30, **how)
        assert response.status_code == 200, response.text
        documented[template][method].validate_response(response)
        return response.json()

    with answers_in("over HTTP", embedded_store, settings) as (answers, url):
        base = "/api/interventions"
        assert len(ask("GET", base)) == 2
        ask("POST", f"{base}/preflight", json={**ORDER_FIELDS, "objects": ["order/O-1", "order/none"]})
        run = ask("POST", f"{base}/runs", json={**ORDER_FIELDS, "reason": "stuck", "by": "ana"})["run_id"]
        waits = ask(
            "POST", f"{base}/runs", json={"name": "cancel_order", "objects": ["order/O-2"], "reason": "x", "by": "a"}
        )
        one = done(answers, {"run_id": run})["calls"][0]["intervention_id"]
        ask("GET", f"{base}/runs/{{run_id}}", f"{base}/runs/{run}")
        ask(
            "POST",
            f"{base}/runs/{{run_id}}/approve",
            f"{base}/runs/{waits['run_id']}/approve",
            json={"reason": "y", "by": "b"},
        )
        assert len(ask("GET", f"{base}/history", params={"state": ["taken"], "name": "repost_order"})) == 1
        assert len(ask("GET", f"{base}/history/{{intervention_id}}", f"{base}/history/{one}")) == 3


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, embedded_store: Store, settings: Settings
) -> Callable[..., Result]:
    """Runs a command on the store; what it prints is in the result."""
    monkeypatch.setenv("MILEPOST_STORE", engine.dsn(embedded_store.database))
    monkeypatch.setenv("MILEPOST_CONFIG", str(settings.config))
    return lambda *words: CliRunner().invoke(app, ["interventions", *words])


def test_a_dry_run_shows_the_request_and_sends_nothing(command: Callable[..., Result], middleware: Middleware) -> None:
    shown = command("run", "repost_order", "order/O-1", "--reason", "stuck", "--dry-run")
    history = command("history")

    [call] = json.loads(shown.stdout)
    assert call["object"] == "order/O-1"
    assert (call["request"]["method"], call["request"]["url"]) == ("POST", f"http://{middleware.host}/orders/O-1")
    assert (history.stdout, middleware.asked) == ("no calls were requested\n", [])


def test_a_command_asks_before_it_calls(command: Callable[..., Result], middleware: Middleware) -> None:
    refused = command("run", "repost_order", "order/O-1", "--reason", "stuck")
    without_reason = command("run", "repost_order", "order/O-1", "--yes")

    assert str(refused.exception) == "nobody is there to confirm the plan; give --yes"
    assert without_reason.exit_code == 2
    assert middleware.asked == []


def test_a_command_says_what_a_call_would_come_to(command: Callable[..., Result], middleware: Middleware) -> None:
    listed = json.loads(command("list", "--output", "json").stdout)
    unknown = command("preflight", "repost_order", "order/none")

    assert [one["name"] for one in listed] == ["repost_order", "cancel_order"]
    assert unknown.exit_code == 1
    assert unknown.stdout.splitlines()[1:] == [
        "repost_order  order/none  unknown            conflict  nothing is known of it",
        "conflict: 1 call, 1 of unknown amount",
    ]
    assert middleware.asked == []


def test_a_command_takes_the_intervention_that_an_alert_names(
    command: Callable[..., Result], embedded_store: Store, middleware: Middleware
) -> None:
    stuck = alert("OrderStuck", "order/O-1", annotations={"intervention": "repost_order"})
    write_transitions(embedded_store, [stuck])
    shown = command("run", "--alert", stuck.alert_id[:16], "--reason", "stuck", "--dry-run")

    [call] = json.loads(shown.stdout)
    assert call["request"]["url"].endswith("/orders/O-1")
