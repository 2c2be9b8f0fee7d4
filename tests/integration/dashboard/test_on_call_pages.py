"""The pages for on-call on a real store, without a browser: what stands, and what is done about it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from alerts.handling import Deed, handle
from alerts.silences import SilenceWish, put_silence
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.alert import Alert, AlertState
from domain.alert_action import ActionKind
from domain.alert_cause import CauseKind
from domain.audit import Actor
from domain.clock import FixedClock
from domain.incident import Incident
from domain.silence import SilenceState
from storage.alert_actions import actions_on
from storage.alerts import list_alerts, write_transitions
from storage.audit import audit_page, verify_audit
from storage.client import Store
from storage.incidents import Membership, write_incidents
from storage.notifications import NotificationStatus, write_notifications
from storage.silences import list_silences
from tests.browser.stuck_order import STUCK, seed_stuck_order
from tests.builders import alert
from tests.integration.storage.test_on_call import message

ALERTS, SILENCES, AUDIT = "views/on_call.py", "views/silences.py", "views/audit.py"


@pytest.fixture
def page(embedded_store: Store, now: datetime) -> AppTest:
    """The console of a company with one stuck order and one at risk, at its first page."""
    seed_stuck_order(embedded_store, now)
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    return AppTest.from_file(str(APP), default_timeout=30).run()


@pytest.fixture
def stuck(page: AppTest, embedded_store: Store) -> Alert:
    [found] = [one for one in list_alerts(embedded_store, AlertState.FIRING) if str(one.business_object) == STUCK]
    return found


def shown(page: AppTest) -> str:
    """All that the page says, without exception."""
    assert [error.message for error in page.exception] == []
    return "".join(block.proto.body for block in page.get("html"))


def opened(page: AppTest, one: Alert) -> AppTest:
    page.query_params["alert"] = one.alert_id
    return page.switch_page(ALERTS).run()


def fill(page: AppTest, key: str, who: str, why: str) -> AppTest:
    """The form of an action, filled in and sent."""
    page.text_input(key=f"{key}_who").set_value(who)
    page.text_area(key=f"{key}_reason").set_value(why)
    return page.button(key=f"{key}_submit").click().run()


def done_with(store: Store, one: Alert) -> list[tuple[str, str, str, str]]:
    found = actions_on(store, [one.alert_id]).get(one.alert_id, [])
    return [(action.kind.value, action.value, action.acted_by, action.comment) for action in found]


def test_one_cause_of_many_alerts_stands_above_them(
    page: AppTest, stuck: Alert, embedded_store: Store, now: datetime
) -> None:
    assert "<caption>Open incidents</caption>" not in shown(page.switch_page(ALERTS).run())
    incident = Incident(
        incident_id="3f2a" * 8,
        signature="s",
        kind=CauseKind.FAILED_CALL,
        service="erp",
        operation="POST /erp/orders",
        pattern="timeout after <n>",
        error="timeout after <30s>",
        started_at=now,
        first_seen_at=now - timedelta(minutes=90),
        ended_at=None,
        version=1,
    )
    write_incidents(embedded_store, [incident], [Membership(incident.incident_id, stuck.alert_id, 1)])
    attach(ConsoleContext(embedded_store, FixedClock(now)))

    text = shown(page.run())

    assert "<caption>Open incidents</caption>" in text
    assert "<b>erp POST /erp/orders fails</b>" in text
    assert "timeout after &lt;30s&gt;" in text
    assert "1 order" in text
    assert "€12.5\u202fK" in text
    assert "for 1 h 30 min" in text


def test_alerts_stand_the_worst_first_with_who_has_them(
    page: AppTest, stuck: Alert, embedded_store: Store, now: datetime
) -> None:
    handle(embedded_store, stuck, Deed(ActionKind.ASSIGN, "ben"), Actor("ana"), now)

    text = shown(page.switch_page(ALERTS).run())

    assert "2 alerts that stand, the worst first" in text
    assert text.index("order O-1001") < text.index("order O-3003")
    assert "→ ben" in text
    assert "nobody yet" in text
    assert "1 h over" in text


def test_filters_in_the_url_limit_the_alerts(page: AppTest) -> None:
    page.query_params["state"] = "at risk"

    text = shown(page.switch_page(ALERTS).run())

    assert "O-3003" in text
    assert "O-1001" not in text


def test_a_row_opens_its_alert_and_the_way_back_is_open(page: AppTest, stuck: Alert) -> None:
    page.switch_page(ALERTS).run()

    text = shown(page.button(key=f"open_{stuck.alert_id}").click().run())
    assert "past its deadline" in text
    assert page.query_params["alert"] == stuck.alert_id

    back = shown(page.button(key="all_alerts").click().run())
    assert "2 alerts that stand" in back
    assert "alert" not in page.query_params


def test_an_alert_says_why_how_it_came_to_that_and_who_was_told(
    page: AppTest, stuck: Alert, embedded_store: Store
) -> None:
    failed = message("1", stuck.alert_id, NotificationStatus.FAILED, "answered 500 <Oops>")
    write_notifications(embedded_store, [replace(failed, created_at=stuck.deadline_at)])

    text = shown(opened(page, stuck))

    assert "PeriodLocked: posting period 11/2026 is locked for DE01" in text
    assert "<b>finance</b>" in text
    assert "failed after 3 tries" in text
    assert "answered 500 &lt;Oops&gt;" in text
    assert "1 change" in text
    assert [link.proto.label for link in page.get("page_link")] == ["Trace order O-1001"]


def test_with_grafana_the_page_leads_to_its_board_and_an_alert_to_its_call(
    page: AppTest, stuck: Alert, embedded_store: Store, now: datetime
) -> None:
    attach(ConsoleContext(embedded_store, FixedClock(now), grafana_url="https://grafana.example.com"))

    links = {link.proto.label: link.proto.page for link in opened(page, stuck).get("page_link")}

    assert links["Board in Grafana"] == "https://grafana.example.com/d/milepost-integrations"
    assert stuck.trace_ids[0] in links["Call in Grafana"]


def test_an_alert_that_nobody_was_told_of_says_so(page: AppTest, stuck: Alert) -> None:
    assert "Nobody was told yet" in shown(opened(page, stuck))


def test_an_alert_nobody_knows_says_what_to_try(page: AppTest) -> None:
    page.query_params["alert"] = "nothing"

    assert "No alert is known as “nothing”" in shown(page.switch_page(ALERTS).run())


@pytest.mark.parametrize(
    ("choice", "done"),
    [
        pytest.param("acknowledge", ("acknowledge", "", "ana", "the ERP is locked"), id="acknowledged"),
        pytest.param("comment", ("comment", "", "ana", "the ERP is locked"), id="commented"),
        pytest.param("useful", ("mark", "useful", "ana", "the ERP is locked"), id="marked useful"),
        pytest.param("noise", ("mark", "noise", "ana", "the ERP is locked"), id="marked as noise"),
    ],
)
def test_what_is_done_on_the_page_is_kept_with_who_and_why(
    page: AppTest, stuck: Alert, embedded_store: Store, choice: str, done: tuple[str, str, str, str]
) -> None:
    opened(page, stuck)
    page.button(key=f"do_{choice}").click().run()

    text = shown(fill(page, f"act_{choice}", " ana ", "the ERP is locked"))

    assert done_with(embedded_store, stuck) == [done]
    assert "the ERP is locked" in text
    assert [toast.value.endswith("as ana") for toast in page.toast] == [True]
    [entry] = audit_page(embedded_store)
    assert (entry.kind, entry.who, entry.reason) == (f"alert.{done[0]}", "ana", "the ERP is locked")


def test_an_alert_is_assigned_and_an_acknowledgement_taken_back(
    page: AppTest, stuck: Alert, embedded_store: Store
) -> None:
    opened(page, stuck)
    page.button(key="do_acknowledge").click().run()
    fill(page, "act_acknowledge", "ana", "looking")
    page.button(key="do_assign").click().run()
    page.text_input(key="act_assign_to").set_value("ben")
    # The name is known from here on.
    assert page.text_input(key="act_assign_who").value == "ana"
    page.text_area(key="act_assign_reason").set_value("he knows SAP")
    page.button(key="act_assign_submit").click().run()
    page.button(key="do_unacknowledge").click().run()
    text = shown(fill(page, "act_unacknowledge", "ana", "going home"))

    assert [one[:3] for one in done_with(embedded_store, stuck)] == [
        ("acknowledge", "", "ana"),
        ("assign", "ben", "ana"),
        ("unacknowledge", "", "ana"),
    ]
    assert "→ ben" in text
    assert "✓ ana" not in text


@pytest.mark.parametrize(
    ("who", "why", "said"),
    [
        pytest.param(" ", "looking", "Your name is missing; the audit log says who acted.", id="no name"),
        pytest.param("ana", " ", "The reason is missing; whoever takes over reads it.", id="no reason"),
    ],
)
def test_nothing_is_done_without_a_name_and_a_reason(
    page: AppTest, stuck: Alert, embedded_store: Store, who: str, why: str, said: str
) -> None:
    opened(page, stuck)
    page.button(key="do_acknowledge").click().run()

    text = shown(fill(page, "act_acknowledge", who, why))

    assert said in text
    assert (done_with(embedded_store, stuck), audit_page(embedded_store)) == ([], [])
    assert page.text_area(key="act_acknowledge_reason").value == why


def test_what_can_no_longer_be_done_is_said_and_not_done(
    page: AppTest, stuck: Alert, embedded_store: Store, now: datetime
) -> None:
    opened(page, stuck)
    page.button(key="do_acknowledge").click().run()
    write_transitions(
        embedded_store, [replace(stuck, state=AlertState.RESOLVED, resolved_at=now, version=2 * stuck.version)]
    )

    text = shown(fill(page, "act_acknowledge", "ana", "looking"))

    assert f"The alert {stuck.alert_id} is resolved; one that is over is not acknowledged." in text
    assert done_with(embedded_store, stuck) == []


def test_an_alert_is_silenced_alone_and_the_silence_ended(
    page: AppTest, stuck: Alert, embedded_store: Store, now: datetime
) -> None:
    opened(page, stuck)
    page.button(key="do_silence").click().run()
    page.selectbox(key="act_silence_length").set_value("4 hours")
    assert "silenced: maintenance" in shown(fill(page, "act_silence", "ana", "maintenance"))
    [silence] = list_silences(embedded_store, [SilenceState.ACTIVE], now, 10)
    assert silence.matchers == ('alertname="OrderNotPosted"', 'object_id="O-1001"', 'object_type="order"')
    assert (silence.ends_at - now, silence.created_by) == (timedelta(hours=4), "ana")

    text = shown(page.switch_page(SILENCES).run())
    assert "in force, 4 h left" in text
    assert "maintenance" in text
    page.button(key=f"end_{silence.silence_id}").click().run()
    assert page.text_input(key=f"expire_{silence.silence_id}_who").value == "ana"
    text = shown(fill(page, f"expire_{silence.silence_id}", "ana", "done early"))

    assert "Nothing is silenced" in text
    assert list_silences(embedded_store, [SilenceState.ACTIVE], now, 10) == []
    assert [(entry.kind, entry.reason) for entry in audit_page(embedded_store)] == [
        ("silence.add", "maintenance"),
        ("silence.expire", "done early"),
    ]


def test_silences_that_are_over_are_shown_when_asked_for(page: AppTest, embedded_store: Store, now: datetime) -> None:
    long_ago = now - timedelta(days=2)
    put_silence(embedded_store, SilenceWish(["a=b"], long_ago + timedelta(hours=1), "rita", "an <old> one"), long_ago)
    assert "Nothing is silenced" in shown(page.switch_page(SILENCES).run())

    text = shown(page.segmented_control(key="silences").set_value("Over").run())

    assert "an &lt;old&gt; one" in text
    assert "over, ended 1 d 23 h ago" in text


def test_the_audit_log_is_shown_and_proved_unbroken(
    page: AppTest, stuck: Alert, embedded_store: Store, now: datetime
) -> None:
    for comment in ("earlier", "later <b>"):
        handle(embedded_store, stuck, Deed(ActionKind.COMMENT, comment=comment), Actor("ana", "ops"), now)

    text = shown(page.switch_page(AUDIT).run())
    assert "2 entries, the newest first" in text
    assert text.index("later &lt;b&gt;") < text.index("earlier")
    assert "token ops" in text

    text = shown(page.button(key="verify_now").click().run())
    assert "The log is unbroken: 2 entries" in text
    assert str(verify_audit(embedded_store).head) in text


def test_a_broken_audit_log_is_named_where_it_is_broken(
    page: AppTest, stuck: Alert, embedded_store: Store, now: datetime
) -> None:
    for comment in ("first", "second"):
        handle(embedded_store, stuck, Deed(ActionKind.COMMENT, comment=comment), Actor("ana"), now)
    embedded_store.execute("ALTER TABLE audit_log UPDATE who = 'ben' WHERE number = 1 SETTINGS mutations_sync = 2")
    page.switch_page(AUDIT).run()

    text = shown(page.button(key="verify_now").click().run())

    assert "The log is broken at 1 place of 2 entries" in text
    assert "1: the entry was changed: its content does not give its hash" in text


def test_a_head_that_is_none_is_said_to_be_none(page: AppTest) -> None:
    page.switch_page(AUDIT).run()
    page.text_input(key="head").set_value("12")

    text = shown(page.button(key="verify_now").click().run())

    assert "&#x27;12&#x27; is no head; give NUMBER:HASH" in text


def test_pages_without_anything_say_what_would_be_there(embedded_store: Store, now: datetime) -> None:
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    page = AppTest.from_file(str(APP), default_timeout=30).run()

    assert "Nothing is open" in shown(page.switch_page(ALERTS).run())
    assert "Nothing is silenced" in shown(page.switch_page(SILENCES).run())
    assert "Nothing was done yet" in shown(page.switch_page(AUDIT).run())


def test_many_alerts_come_in_pages(page: AppTest, embedded_store: Store) -> None:
    write_transitions(embedded_store, [alert(object=f"order/X-{number:02d}") for number in range(20)])

    page.query_params["page"] = "2"
    text = shown(page.switch_page(ALERTS).run())

    assert "22 alerts that stand" in text
    assert text.count('class="mp-row mp-row-firing"') == 6
    assert "X-19" in text
    assert "X-13" not in text
