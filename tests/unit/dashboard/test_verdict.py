"""What a journey comes to, in words."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from dashboard.components.verdict import broken_hop, hop_words, verdict_of
from domain.alert import AlertState
from tests.builders import NOW
from tests.unit.dashboard.journeys import READER, alert_record, event, journey, span

FAILED: dict[str, Any] = {
    "is_error": True,
    "exception_type": "PeriodLocked",
    "exception_message": "period 11 is locked",
}


@pytest.mark.parametrize(
    ("alert", "headline"),
    [
        pytest.param(alert_record(), "order/O-1 is stuck: OrderNotPosted, 1 h past its deadline", id="firing is stuck"),
        pytest.param(
            alert_record(AlertState.AT_RISK, deadline_at=NOW + timedelta(minutes=20)),
            "order/O-1 is at risk: OrderNotPosted, 20 min to its deadline",
            id="at risk says what is left",
        ),
        pytest.param(
            alert_record(AlertState.RESOLVED, resolved_at=NOW - timedelta(minutes=30)),
            "order/O-1 was late: OrderNotPosted, resolved 30 min past its deadline",
            id="resolved says by how much it was late",
        ),
        pytest.param(
            alert_record(AlertState.RETRACTED),
            "order/O-1 was in time after all: OrderNotPosted is retracted",
            id="retracted takes it back",
        ),
        pytest.param(
            alert_record(AlertState.SUSPENDED),
            "order/O-1: OrderNotPosted cannot be judged while a source is silent",
            id="suspended does not judge",
        ),
    ],
)
def test_the_headline_says_what_the_alert_means(alert: object, headline: str) -> None:
    verdict = verdict_of(journey(alerts=(alert,)), READER)

    assert verdict.headline == headline


def test_without_an_alert_no_deadline_is_missed() -> None:
    verdict = verdict_of(journey(events=(event(),)), READER)

    assert (verdict.tone, verdict.headline, verdict.hop) == ("in_time", "No deadline is missed", None)
    assert verdict.detail == "Last milestone: order.approved in crm, 1 h ago."


def test_the_gravest_alert_speaks() -> None:
    resolved = alert_record(AlertState.RESOLVED, rule="QuoteNotOrdered")

    assert "OrderNotPosted" in verdict_of(journey(alerts=(resolved, alert_record())), READER).headline


def test_the_hop_that_broke_is_the_deepest_failure_with_its_tries() -> None:
    spans = [
        span("c1", service="middleware", **FAILED),
        span("s1", "c1", **FAILED),
        span("c2", service="middleware", started_at=NOW - timedelta(minutes=10), **FAILED),
        span("s2", "c2", started_at=NOW - timedelta(minutes=10), **FAILED),
    ]

    hop = broken_hop(spans, alert_record())

    assert hop is not None
    assert hop_words(hop, READER) == "middleware → erp: POST /erp/orders failed 2 times, last 9 min 59 s ago"
    assert hop.error == "PeriodLocked: period 11 is locked"


def test_a_hop_that_went_through_in_the_end_says_so() -> None:
    spans = [span("s1", **FAILED), span("s2", started_at=NOW - timedelta(minutes=5))]

    hop = broken_hop(spans, None)

    assert hop is not None
    assert hop_words(hop, READER) == "erp: POST /erp/orders failed 1 time, then it succeeded"


def test_no_failure_no_broken_hop() -> None:
    assert broken_hop([span("s1"), span("s2")], alert_record()) is None


def test_failures_of_another_run_are_not_this_alerts() -> None:
    other = span("s1", trace_id="another", **FAILED)

    verdict = verdict_of(journey(alerts=(alert_record(),), events=(event(trace_id="t"),), spans=(other,)), READER)

    assert verdict.hop is None


def test_amounts_that_differ_are_told_even_when_every_deadline_was_kept() -> None:
    events = (
        event("order.approved", amount=Decimal(100), currency="EUR"),
        event("invoice.issued", ("order/O-1", "invoice/I-1"), source="erp", amount=Decimal(110), currency="EUR"),
    )

    verdict = verdict_of(journey(events=events), READER)

    assert (verdict.tone, verdict.headline) == ("at_risk", "No deadline is missed, but amounts differ")
    assert verdict.detail.startswith("order/O-1 is worth 100.00 EUR, but its invoices come to 110.00 EUR.")
