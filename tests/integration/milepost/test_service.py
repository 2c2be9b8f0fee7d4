"""The parts together, with a clock that stands still."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.routing import Route

from domain.business_object import BusinessObject
from domain.clock import FixedClock
from domain.errors import StoreError
from domain.instants import EPOCH
from milepost.openapi import document
from milepost.service import Service
from milepost.settings import Settings
from storage.alerts import write_transitions
from storage.audit import audit_page
from storage.client import Store
from storage.engine_state import read_watermark
from storage.events import insert_events
from storage.notifications import unfinished_notifications
from storage.run_view import run_ids
from storage.source_silences import read_silences
from tests.builders import NOW, alert, event_row
from tests.engine import Engine
from tests.unit.rules.silences import contracts

ROUTING = """
route: {receiver: ops, group_wait: 0s, group_by: [alertname]}
receivers:
  - name: ops
    webhook_configs: [{url: "http://127.0.0.1:9/"}]
"""


@pytest.fixture
def settings(engine: Engine, embedded_store: Store, tmp_path: Path) -> Settings:
    """Any free ports, and a receiver that does not answer."""
    (tmp_path / "routing.yaml").write_text(ROUTING, encoding="utf-8")
    return Settings(
        store=engine.dsn(embedded_store.database), collector_port=0, grpc_port=0, console_port=0, config=tmp_path
    )


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """Everything built and nothing started: a message stays on its way."""
    service = Service(settings, FixedClock(NOW), lambda line: None)
    yield service
    service.stop()


@pytest.mark.parametrize(
    ("away", "noted"),
    [
        pytest.param(timedelta(days=7), [(NOW - timedelta(days=7), NOW)], id="a week is"),
        pytest.param(timedelta(seconds=59), [], id="a restart is not"),
    ],
)
def test_what_is_noted_at_a_start_as_an_absence(
    settings: Settings, embedded_store: Store, away: timedelta, noted: list[tuple[datetime, datetime]]
) -> None:
    insert_events(embedded_store, [event_row(received_at=NOW - away)])

    Service(settings, FixedClock(NOW), lambda line: None).stop()

    absences = read_silences(embedded_store, contracts(), EPOCH, NOW).all
    assert [(one.since, one.until) for one in absences] == noted


def test_an_empty_store_was_never_away(service: Service, embedded_store: Store) -> None:
    assert read_silences(embedded_store, contracts(), EPOCH, NOW).all == []


def tick_without_evaluating(service: Service, store: Store) -> None:
    """A tick whose rules cannot be evaluated, so that alerts that no event is behind stand."""
    store.execute("RENAME TABLE object_milestones TO milestones_away")
    try:
        with pytest.raises(StoreError, match="object_milestones"):
            service.tick()
    finally:
        store.execute("RENAME TABLE milestones_away TO object_milestones")


def test_alerts_are_told_though_rules_cannot_be_evaluated(service: Service, embedded_store: Store) -> None:
    write_transitions(embedded_store, [alert()])

    tick_without_evaluating(service, embedded_store)

    assert [one.receiver for one in unfinished_notifications(embedded_store)] == ["ops"]


def test_a_tick_tells_by_the_routing_file_as_it_is_then(
    service: Service, embedded_store: Store, settings: Settings
) -> None:
    write_transitions(embedded_store, [alert(), alert(name="HopDown", object="hop/erp")])
    wrong = ROUTING.replace("receiver: ops", "receiver: nobody")
    settings.routing_path.write_text(wrong, encoding="utf-8")
    tick_without_evaluating(service, embedded_store)
    assert {one.receiver for one in unfinished_notifications(embedded_store)} == {"ops"}

    finance = ROUTING.replace("ops", "finance") + "inhibit_rules: [{source_matchers: [alertname=HopDown]}]\n"
    settings.routing_path.write_text(finance, encoding="utf-8")
    tick_without_evaluating(service, embedded_store)

    told = {one.receiver: one.group_key for one in unfinished_notifications(embedded_store)}
    assert told["finance"] == '{}:{alertname="HopDown"}'


@pytest.mark.parametrize(
    ("public", "linked"),
    [
        pytest.param("https://milepost.example.com", "https://milepost.example.com", id="where it is said to be"),
        pytest.param(None, "http://127.0.0.1:", id="where it listens, where nothing is said"),
    ],
)
def test_messages_lead_to_the_console(
    settings: Settings, embedded_store: Store, public: str | None, linked: str
) -> None:
    service = Service(settings.model_copy(update={"console_url": public}), FixedClock(NOW), lambda line: None)
    write_transitions(embedded_store, [alert()])

    tick_without_evaluating(service, embedded_store)
    service.stop()

    [told] = unfinished_notifications(embedded_store)
    assert json.loads(told.body)["externalURL"].startswith(linked)


def test_a_start_and_a_changed_routing_file_are_in_the_audit_log(
    service: Service, embedded_store: Store, settings: Settings
) -> None:
    settings.routing_path.write_text(ROUTING.replace("ops", "finance"), encoding="utf-8")
    service.tick()
    service.tick()

    written = [(entry.kind, json.loads(entry.details).get("receivers")) for entry in audit_page(embedded_store)]
    assert [one for one in written if one[0] != "rule.adopt"] == [
        ("contract.adopt", None),
        ("routing.adopt", ["ops"]),
        ("routing.adopt", ["finance"]),
    ]


def test_what_a_tick_evaluates_is_correlated(service: Service, embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row("1", objects=["order/O-1", "invoice/I-1"], correlation_id="q2c-1")])

    service.tick()

    assert run_ids(embedded_store, [BusinessObject("invoice", "I-1")]) == {BusinessObject("invoice", "I-1"): "q2c-1"}


def test_rules_are_evaluated_though_runs_cannot_be_read(service: Service, embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row("1", correlation_id="q2c-1")])
    embedded_store.execute("RENAME TABLE run_members TO members_away")

    try:
        with pytest.raises(StoreError, match="run_members"):
            service.tick()
    finally:
        embedded_store.execute("RENAME TABLE members_away TO run_members")

    assert read_watermark(embedded_store, "rules") is not None
    assert read_watermark(embedded_store, "correlation") is None


def test_every_route_stands_in_the_openapi_document_and_the_other_way_round(service: Service) -> None:
    answered = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in service.routes
        if isinstance(route, Route)
        # An endpoint that looks at the method itself takes POST alone.
        for method in (route.methods or {"POST"}) - {"HEAD"}
    }
    described = {
        (path, method) for path, item in document()["paths"].items() for method in item if method != "parameters"
    }

    assert answered == described
