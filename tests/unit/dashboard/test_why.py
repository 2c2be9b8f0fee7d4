"""The panel that says why each alert of a journey stands."""

import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from dashboard.components.markup import Html
from dashboard.components.why import why_panel
from dashboard.formatting import Reader
from domain.alert import AlertState
from domain.alert_cause import AlertCause, CauseKind, FailedCall, Hop, LostMessage
from domain.alert_evidence import AlertEvidence, EventEvidence, PauseEvidence, PausesEvidence, PeriodEvidence
from tests.builders import NOW
from tests.unit.dashboard.journeys import ORDER, alert_record

READER = Reader(ZoneInfo("Europe/Berlin"), NOW)
APPROVED = NOW - timedelta(hours=5)


def words(panel: Html) -> str:
    """What a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", panel).split())


def failed(**changes: object) -> FailedCall:
    call = FailedCall(
        service="erp",
        operation="POST /erp/orders",
        error="locked",
        pattern="locked",
        signature="ab12cd34ef",
        is_origin=True,
        has_recovered=False,
        spans=3,
        first_at=APPROVED,
        last_at=APPROVED,
        trace_id="a",
        span_id="1",
    )
    for name, value in changes.items():
        call = type(call)(**{**{field: getattr(call, field) for field in call.__struct_fields__}, name: value})
    return call


def test_what_happened_comes_before_where_it_is_held_up_and_the_terms() -> None:
    evidence = AlertEvidence(
        started_by=EventEvidence("order.approved", "crm", "e-1", APPROVED, APPROVED + timedelta(minutes=1)),
        awaits=("order.posted",),
        within="4h",
        period=PeriodEvidence("2026-11", NOW),
        pauses=PausesEvidence(7, (PauseEvidence(APPROVED, NOW),), (PauseEvidence(NOW),)),
    )
    cause = AlertCause(
        kind=CauseKind.FAILED_CALL,
        spans=9,
        service="erp",
        operation="POST /erp/orders",
        error="locked",
        signature="ab12cd34ef",
        last_hop=Hop("erp", "POST /erp/orders", APPROVED, has_failed=True),
        failures=2,
        failed_calls=(failed(), failed(service="middleware", error="HTTP 503", is_origin=False, spans=1)),
    )
    shown = words(why_panel([alert_record(evidence=evidence, cause=cause, rule_version="0123456789")], READER))

    assert shown == (
        f"firing OrderNotPosted {ORDER} "
        "Started by order.approved in crm at 2 Nov 08:00:00 , received 2 Nov 08:01:00 event e-1 "
        "Waits for order.posted "
        "Held up at erp POST /erp/orders locked signature ab12cd34 "
        "Last hop erp POST /erp/orders at 2 Nov 08:00 , failed "
        "Failures erp POST /erp/orders 3 times, last 2 Nov 08:00:00 "
        "middleware POST /erp/orders once, because of a call beneath it, last 2 Nov 08:00:00 HTTP 503 "
        "Window 4h Deadline 2 Nov 12:00:00 , the cutoff of period 2026-11 "
        "Paused 2 Nov 08:00 – 2 Nov 13:00 5 more 2 Nov 13:00 – not ended "
        "Rule OrderNotPosted version 01234567"
    )


def test_a_cause_that_is_not_known_says_so_and_what_was_looked_at() -> None:
    nothing = alert_record()
    healthy = replace(nothing, cause=AlertCause(kind=CauseKind.UNKNOWN, spans=4))

    assert "Held up at unknown , none of its traces has a span yet" in words(why_panel([nothing], READER))
    assert "Held up at unknown , no unresolved failure among the 4 spans" in words(why_panel([healthy], READER))


def test_a_dead_letter_is_named_with_its_id() -> None:
    letter = LostMessage("d-1", NOW, "events", "contract", "amount is missing", "erp", "order.posted")
    cause = AlertCause(kind=CauseKind.DEAD_LETTER, spans=0, service="erp", operation="order.posted", dead_letter=letter)

    shown = words(why_panel([alert_record(cause=cause)], READER))

    assert "Held up as erp order.posted" in shown
    assert "Dead letter order.posted of erp at 2 Nov 13:00 d-1" in shown


def test_the_gravest_alert_is_folded_out_and_of_many_the_rest_is_counted() -> None:
    alerts = [alert_record(AlertState.RESOLVED, alert_id="r"), *(alert_record(alert_id=f"{n}") for n in range(15))]

    panel = why_panel(alerts, READER)

    assert panel.count("<details") == 12
    assert panel.count("<details open") == 1
    assert "and 4 more alerts" in panel


def test_what_systems_send_cannot_break_the_page() -> None:
    evil = EventEvidence("<b>order</b>", "<i>", "<script>", NOW, NOW)

    panel = why_panel([alert_record(evidence=AlertEvidence(started_by=evil))], READER)

    assert "<script>" not in panel
    assert "<b>order" not in panel


def test_what_may_be_done_about_an_alert_stands_with_its_terms() -> None:
    quiet = words(why_panel([alert_record()], READER))
    shown = words(why_panel([alert_record(annotations={"intervention": "repost_order"})], READER))

    assert "You may" not in quiet
    assert f"You may milepost interventions run repost_order {ORDER} --reason …" in shown
