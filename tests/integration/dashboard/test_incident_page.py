"""Incidents and hops on the on-call page of a real store, without a browser."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from streamlit.testing.v1 import AppTest

from alerts.interventions.config import load_interventions
from alerts.interventions.desk import InterventionSettings
from dashboard import reads
from dashboard.doors import attach_doors
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.alert import Alert, AlertState
from domain.clock import FixedClock
from domain.incident import Incident
from domain.silence import SilenceState
from milepost.intervention_setup import RunningInterventions
from storage.alert_actions import actions_on, handling_of
from storage.alerts import list_alerts, write_transitions
from storage.audit import audit_page
from storage.client import Store
from storage.incidents import list_incidents
from storage.interventions import InterventionFilter, list_interventions
from storage.silences import list_silences
from tests.browser.stuck_order import ERROR, STUCK, TRACE, seed_incident, seed_stuck_order
from tests.integration.dashboard.test_on_call_pages import ALERTS, fill, shown

MONEY = "€12.5\u202fK"


@pytest.fixture
def page(embedded_store: Store, now: datetime) -> AppTest:
    """The on-call page of a company with one stuck order, whose failing hop is an incident."""
    seed_stuck_order(embedded_store, now)
    seed_incident(embedded_store, now)
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    return AppTest.from_file(str(APP), default_timeout=60).run().switch_page(ALERTS).run()


@pytest.fixture
def incident(page: AppTest, embedded_store: Store) -> Incident:
    [found] = list_incidents(embedded_store, ["open"])
    return found


@pytest.fixture
def stuck(page: AppTest, embedded_store: Store) -> Alert:
    [found] = [one for one in list_alerts(embedded_store, AlertState.FIRING) if str(one.business_object) == STUCK]
    return found


def opened(page: AppTest, incident: Incident) -> AppTest:
    return page.button(key=f"look_{incident.incident_id}").click().run()


def test_an_incident_says_what_fails_and_what_waits_behind_it(page: AppTest, incident: Incident) -> None:
    text = shown(page)

    assert "erp POST /erp/orders fails" in text
    assert ERROR in text
    assert f'<b title="12,500.00 EUR">{MONEY}</b> · 1 order behind it' in text
    assert "nobody yet" in text


def test_hops_stand_with_their_figures_in_words_and_as_a_table(page: AppTest) -> None:
    text = shown(page.segmented_control(key="hops").set_value("24h").run())

    assert "<h3>middleware → erp</h3>" in text
    assert f'<span title="12,500.00 EUR">{MONEY}</span></b> waits in 1 object' in text
    assert 'aria-label="Errors: least 100\u202f%, most 100\u202f%, last no call"' in text
    assert "<caption>Hops, the gravest first</caption>" in text


def test_an_incident_leads_to_its_alerts_a_trace_and_what_would_wait(page: AppTest, incident: Incident) -> None:
    text = shown(opened(page, incident))

    assert page.query_params["incident"] == incident.incident_id
    assert "1 alert, those that are open first" in text
    assert "If it stays down until the cutoff" in text
    # There is no history: what would come is unknown.
    assert "no week before is known to compare with" in text
    [link] = page.get("page_link")
    assert link.proto.label == "A trace that failed here"
    assert f"object={TRACE}" in link.proto.query_string
    back = shown(page.button(key="all_incidents").click().run())
    assert "2 alerts that stand" in back


def test_an_incident_is_acknowledged_with_a_name_and_a_reason(
    page: AppTest, incident: Incident, stuck: Alert, embedded_store: Store
) -> None:
    page.button(key=f"take_{incident.incident_id}").click().run()
    assert "The reason is missing" in shown(fill(page, "incident_act_acknowledge", "ana", " "))

    text = shown(fill(page, "incident_act_acknowledge", "ana", "at the period lock"))

    assert "✓ ana" in text
    assert [toast.value for toast in page.toast] == ["Acknowledged 1 alert, as ana"]
    taken = handling_of(embedded_store, [stuck.alert_id])[stuck.alert_id].acknowledged
    assert taken is not None
    assert taken.acted_by == "ana"
    [entry] = audit_page(embedded_store)
    assert (entry.kind, entry.who, entry.reason) == ("incident.acknowledge", "ana", "at the period lock")


def test_an_incident_is_escalated_with_a_reason(
    page: AppTest, incident: Incident, stuck: Alert, embedded_store: Store
) -> None:
    opened(page, incident)
    page.button(key="incident_escalate").click().run()

    shown(fill(page, "incident_act_escalate", "ana", "the ERP team must look"))

    assert [one.kind for one in actions_on(embedded_store, [stuck.alert_id])[stuck.alert_id]] == ["escalate"]
    assert [entry.kind for entry in audit_page(embedded_store)] == ["alert.escalate"]


def test_what_waits_behind_an_incident_is_silenced_and_nothing_else(
    page: AppTest, incident: Incident, embedded_store: Store, now: datetime
) -> None:
    opened(page, incident)
    page.button(key="incident_silence").click().run()

    shown(fill(page, "incident_act_silence", "ana", "maintenance"))

    [silence] = list_silences(embedded_store, [SilenceState.ACTIVE], now, 10)
    assert silence.ends_at - now == timedelta(hours=1)
    assert set(silence.matchers) == {'alertname=~"OrderNotPosted"', 'object_id=~"O-1001"', 'object_type=~"order"'}


def test_an_alert_is_snoozed_and_escalated_from_its_page(page: AppTest, stuck: Alert, embedded_store: Store) -> None:
    page.query_params["alert"] = stuck.alert_id
    page.run()
    page.button(key="do_snooze").click().run()
    page.selectbox(key="act_snooze_length").set_value("4 hours")
    shown(fill(page, "act_snooze", "ana", "they work on it"))
    page.button(key="do_escalate").click().run()
    shown(fill(page, "act_escalate", "ana", "it is worse"))

    done = actions_on(embedded_store, [stuck.alert_id])[stuck.alert_id]
    assert [(one.kind.value, one.value, one.comment) for one in done] == [
        ("snooze", "4h", "they work on it"),
        ("escalate", "", "it is worse"),
    ]


INTERVENTIONS = """\
hosts: ["erp.example"]
interventions:
  - name: repost_order
    description: Send an order to the ERP again
    object: order
    url: "https://erp.example/orders/{object_id}"
    body: {amount: "{amount}"}
    expects: {milestone: order.posted, within: 10m}
"""


@pytest.fixture
def planning(tmp_path: Path, embedded_store: Store, now: datetime) -> Iterator[None]:
    """The console of a process that knows an intervention; nobody answers at its address."""
    path = tmp_path / "interventions.yaml"
    path.write_text(INTERVENTIONS)
    settings = InterventionSettings(load_interventions(path))
    running = RunningInterventions(embedded_store, FixedClock(now), settings, CollectorRegistry())
    attach_doors(plan=running.plan)
    yield
    attach_doors()


def test_the_intervention_of_an_alert_is_tried_without_a_call(
    page: AppTest, planning: None, stuck: Alert, embedded_store: Store
) -> None:
    page.query_params["alert"] = stuck.alert_id
    # One whose rule names none has nothing to try.
    assert "do_preview" not in [button.key for button in page.run().button]
    named = replace(stuck, annotations={**stuck.annotations, "intervention": "repost_order"}, version=stuck.version + 1)
    write_transitions(embedded_store, [named])
    reads.forget_alerts()
    page.run()

    text = shown(page.button(key="do_preview").click().run())

    assert "repost_order of order/O-1001: It would be called now" in text
    assert "https://erp.example/orders/O-1001" in text
    assert "Nothing was called" in text
    assert (list_interventions(embedded_store, InterventionFilter(), 10), audit_page(embedded_store)) == ([], [])


def test_an_incident_nobody_knows_says_what_to_try(page: AppTest) -> None:
    page.query_params["incident"] = "nothing"

    assert "No incident is known as “nothing”" in shown(page.run())


def test_without_incidents_and_spans_the_page_says_what_would_be_there(embedded_store: Store, now: datetime) -> None:
    attach(ConsoleContext(embedded_store, FixedClock(now)))

    text = shown(AppTest.from_file(str(APP), default_timeout=60).run().switch_page(ALERTS).run())

    assert "No hop is known to hold anything up" in text
    assert "No calls between systems are known" in text
