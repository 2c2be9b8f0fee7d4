"""Every answer of the running program is as its OpenAPI document says; generated requests ask for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from alerts.config import RoutingConfig, load_routing
from alerts.interventions.desk import InterventionSettings
from alerts.muting import build_routing
from collector.access import DoorSettings
from collector.app import Collector
from collector.contract_door import ContractDoor
from collector.local_door import LocalDoor
from collector.pull_runs import PullMetrics, PullRuns
from collector.receivers.otlp import PROTOBUF
from collector.tokens import new_operator_token
from domain.clock import FixedClock
from domain.contract import Contracts
from domain.instants import EPOCH
from milepost.api.actions import action_routes
from milepost.api.pulls import pull_routes
from milepost.api.routes import api_routes
from milepost.http_server import HttpServer, address, bind
from milepost.intervention_setup import RunningInterventions
from milepost.openapi import PATH, document
from milepost.settings import SHIPPED
from rules.loader import rule_files
from storage.alerts import write_transitions
from storage.client import Store
from storage.escalations import Escalation, write_escalations
from storage.freshness import note_traffic
from tests.builders import NOW, alert, otlp_request, span
from tests.integration.collector.running import event
from tests.integration.collector.vendor_requests import SECRET, all_sources
from tests.integration.milepost.places import CONTRACTS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
LISTENING = RoutingConfig.model_validate(
    {
        "route": {"receiver": "ops"},
        "receivers": [
            {
                "name": "ops",
                "pagerduty_configs": [{"routing_key_env": "KEY", "webhook_secret_env": "KEY"}],
                "slack_configs": [{"app_token_env": "KEY", "channel": "#ops", "signing_secret_env": "KEY"}],
            }
        ],
    }
)
ROUTING = build_routing(load_routing(Path(__file__).parents[2] / "testdata/escalation.yaml"))
SPANS = otlp_request(span()).SerializeToString()


@schemathesis.serializer(PROTOBUF)
def as_it_is(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


schemathesis.openapi.media_type(PROTOBUF, st.binary(max_size=60) | st.just(SPANS))
documented = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig())


class Running:
    """A collector with the whole API, as an operator calls it."""

    def __init__(self, collector: Collector, url: str, operator: str) -> None:
        self.collector = collector
        self.url = url
        self.headers = {"authorization": f"Bearer {operator}"}


@contextmanager
def running_on(store: Store, *, is_exposed: bool) -> Iterator[Running]:
    """A collector with some events, a dead letter and an alert to tell of."""
    clock, operator = FixedClock(NOW), new_operator_token()
    write_transitions(store, [alert()])
    registry = CollectorRegistry()
    pulls = pull_routes(PullRuns([], PullMetrics(registry), clock), LocalDoor(store, clock, ContractDoor(Contracts())))
    actions = action_routes(store, clock, lambda: LISTENING, {"KEY": "0123456789abcdef"}, registry)
    calls = RunningInterventions(store, clock, InterventionSettings(), registry)
    collector = Collector(
        store,
        clock,
        registry,
        [*api_routes(store, clock, CONTRACTS, routing=lambda: ROUTING), *pulls, *actions, *calls.routes],
        sources=all_sources(),
        door=DoorSettings(is_exposed, operator=operator),
    )
    listening = bind("127.0.0.1", 0, "the test's port")
    server = HttpServer(collector.app, listening, "collector")
    collector.start()
    server.start()
    try:
        running = Running(collector, address(listening), operator)
        sent = [event(1), event(2), event(3, time="soon")]
        httpx.post(f"{running.url}/v1/events", json=sent, headers=running.headers).raise_for_status()
        yield running
    finally:
        server.stop()
        collector.stop()


@pytest.fixture
def running(embedded_store: Store) -> Iterator[Running]:
    """One that lets everybody in, as on loopback without tokens."""
    with running_on(embedded_store, is_exposed=False) as running:
        yield running


@pytest.fixture
def guarded(embedded_store: Store) -> Iterator[Running]:
    """One that others than this machine reach, and only with a token."""
    with running_on(embedded_store, is_exposed=True) as running:
        yield running


def test_the_document_is_served(running: Running) -> None:
    assert httpx.get(f"{running.url}{PATH}").json() == document()


@documented.parametrize()
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_document_says(case: schemathesis.Case[Any], running: Running) -> None:
    case.call_and_validate(base_url=running.url, headers=running.headers, checks=CHECKS)


@pytest.mark.parametrize("source", ["salesforce", "sap_s4hana", "tax"])
@documented.include(operation_id="takeWebhook").parametrize()
@settings(max_examples=20, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_every_answer_to_a_vendor_who_is_believed_is_as_the_document_says(
    case: schemathesis.Case[Any], running: Running, source: str
) -> None:
    case.path_parameters["name"] = source

    response = case.call(base_url=running.url, headers={"authorization": f"Bearer {SECRET}"})

    assert response.status_code in (200, 400)
    case.validate_response(response, checks=CHECKS)


@documented.exclude(path=["/healthz", "/readyz", "/v1/sources/{name}"]).parametrize()
@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_who_has_no_token_is_refused_as_the_document_says(case: schemathesis.Case[Any], guarded: Running) -> None:
    response = case.call(base_url=guarded.url, headers={"authorization": "Bearer none"})

    assert response.status_code == 401
    case.validate_response(response, checks=CHECKS)


def asked_of(running: Running, method: str, template: str, path: str = "", **how: Any) -> Any:
    """The answer to a request that is in order, as the document says it is."""
    response = httpx.request(method, running.url + (path or template), timeout=30, headers=running.headers, **how)
    assert response.status_code == 200, response.text
    documented[template][method].validate_response(response)
    return response.json()


def test_what_people_do_with_an_alert_is_answered_as_the_document_says(running: Running) -> None:
    ask = partial(asked_of, running)
    alert_id, actions = ask("GET", "/api/alerts")[0]["alert_id"], "/api/alerts/{alert_id}/actions"
    for wish in ({"kind": "acknowledge"}, {"kind": "mark", "value": "noise"}, {"kind": "assign", "value": "ben"}):
        ask("POST", actions, actions.format(alert_id=alert_id), json={**wish, "comment": "a test", "by": "ana"})
    handled = ask("GET", "/api/alerts/{alert_id}", f"/api/alerts/{alert_id}")

    assert [action["kind"] for action in handled["actions"]] == ["acknowledge", "mark", "assign"]
    assert [handled[name]["value"] for name in ("acknowledged", "marked", "assigned")] == [None, "noise", "ben"]
    assert len(ask("GET", "/api/audit")) == 3
    assert ask("GET", "/api/audit/verification")["flaws"] == []


def test_escalation_and_digests_are_answered_as_the_document_says(running: Running, embedded_store: Store) -> None:
    ask = partial(asked_of, running)
    alert_id, one = ask("GET", "/api/alerts")[0]["alert_id"], "/api/alerts/{alert_id}"
    actions = f"{one}/actions"
    for wish in ({"kind": "snooze", "value": "2h"}, {"kind": "escalate"}):
        ask("POST", actions, actions.format(alert_id=alert_id), json={**wish, "comment": "a test", "by": "ana"})
    begun = Escalation("order_to_cash", '{}:{alertname="OrderNotPosted"}', "order_to_cash", NOW, 1, NOW, {"ana": 1})
    write_escalations(embedded_store, [begun])
    of_alert = ask("GET", f"{one}/escalation", f"{one}/escalation".format(alert_id=alert_id))
    [policy] = ask("GET", "/api/escalation")
    digest = ask("GET", "/api/digests/{name}", "/api/digests/finance_daily")

    assert ask("GET", one, one.format(alert_id=alert_id))["snoozed"]["until"] == "2026-11-02T14:00:00Z"
    assert len(of_alert["groups"][0]["upcoming"]) == 5
    assert policy["steps"][0]["rotations"][0]["on_call"]["is_override"]
    assert (digest["open"], len(digest["rows"]), len(digest["totals"])) == (1, 1, 1)


def test_what_generated_requests_seldom_meet_is_as_the_document_says(running: Running, embedded_store: Store) -> None:
    note_traffic(embedded_store, EPOCH, NOW + timedelta(seconds=1))
    ask = partial(asked_of, running)
    letter, path = ask("GET", "/api/dead-letters")[0]["dead_letter_id"], "/api/dead-letters/{dead_letter_id}"
    ask("POST", "/api/dead-letters/replay", json={"ids": [letter], "by": "a test"})
    ask("POST", "/api/dead-letters/discard", json={"ids": [letter], "reason": "a test"})
    whole = ask("GET", path, path.format(dead_letter_id=letter))
    ask("POST", "/api/tokens", json={"name": "crm", "scopes": ["events"], "sources": ["crm"], "rate": "5/s"})
    revoked = ask("POST", "/api/tokens/{name}/revoke", "/api/tokens/crm/revoke")
    wish = {"matchers": ["alertname=OrderNotPosted"], "ends_at": "2026-11-02T13:00:00Z", "created_by": "rita"}
    silence = ask("POST", "/api/silences", json={**wish, "comment": "known"})
    one = f"/api/silences/{silence['silence_id']}"
    assert ask("GET", "/api/silences/{silence_id}", one) == ask("GET", "/api/silences")[0] == silence
    assert ask("GET", "/api/alerts")[0]["muted_by"][0]["kind"] == "silence"
    ask("POST", "/api/silences/{silence_id}/expire", f"{one}/expire")
    rules = {file.name: file.read_text("utf-8") for file in rule_files([SHIPPED / "rules/definitions"])}
    calendars = (SHIPPED / "rules/calendars.yaml").read_text("utf-8")
    asked = {"rules": rules, "calendars": calendars, "at": "2026-11-09T12:00:00Z", "known_at": None}
    evaluated = ask("POST", "/api/evaluate", json=asked)

    assert {attempt["outcome"] for attempt in whole["attempts"]} == {"rejected", "discarded"}
    assert revoked["revoked_at"] == "2026-11-02T12:00:00Z"
    assert evaluated
    assert ask("GET", "/api/alerts")
    assert ask("GET", "/api/export/events")
    assert ask("GET", "/api/sources")
