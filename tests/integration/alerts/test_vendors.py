"""What becomes of a message to each vendor: whatever the vendor answers, and whatever it does not."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from alerts.metrics import AlertMetrics
from alerts.notification import Conversation, FailureReason, Notification, NotifyReason
from alerts.notifiers.notifier import Integration
from alerts.pipeline.send import Send
from domain.alert import Alert, AlertState
from domain.clock import FixedClock
from storage.client import Store
from storage.notifications import NotificationStatus
from tests.builders import NOW, alert
from tests.fakes import NoPause
from tests.integration.alerts.pipeline import RunningPipeline
from tests.vendors.kinds import KINDS, Kind, integration, routing_text
from tests.vendors.server import Script, Vendor, serving

FAILED, SENDING = NotificationStatus.FAILED, NotificationStatus.SENDING
HTTP_DATE = "Mon, 02 Nov 2026 12:00:30 GMT"
every_kind = pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for name, kind in KINDS.items()])


Build = Callable[..., Integration]


@pytest.fixture
def vendor(kind: Kind) -> Iterator[Vendor]:
    with serving(kind.make) as vendor:
        yield vendor


@pytest.fixture
def build(kind: Kind, vendor: Vendor, tmp_path: Path) -> Iterator[Build]:
    """Makes the vendor's integration; `more` is what its entry says besides."""
    with ExitStack() as stack:

        def build(more: str = "") -> Integration:
            built = integration(kind, vendor, tmp_path, more)
            stack.callback(built.notifier.close)
            return built

        yield build


def composed(built: Integration, *alerts: Alert, reason: NotifyReason = NotifyReason.NEW_ALERTS) -> Notification:
    notification = Notification(
        conversation=Conversation("ops", built.name, '{}:{alertname="OrderNotPosted"}'),
        group_labels={"alertname": "OrderNotPosted", "legal_entity": "DE01"},
        firing=(),
        resolved=(),
        created_at=NOW,
        deadline=NOW + timedelta(minutes=5),
        repeat_interval=timedelta(hours=4),
        alerts=alerts or (alert(),),
        reason=reason,
        notification_id="5a0c5a0c5a0c5a0c5a0c5a0c5a0c5a0c",
    )
    return replace(notification, body=built.notifier.compose(notification))


def tried(built: Integration, notification: Notification) -> Notification:
    send = Send(built, FixedClock(NOW), NoPause(), AlertMetrics(CollectorRegistry()))
    return send.run(notification, NOW)


@every_kind
def test_a_message_is_as_the_vendor_documents_it(vendor: Vendor, build: Build) -> None:
    built = build()
    over = alert(object="order/O-2", state=AlertState.RESOLVED, resolved_at=NOW)

    firing = tried(built, composed(built, alert(), over))
    ended = tried(built, composed(built, over, reason=NotifyReason.ALL_RESOLVED))

    assert (vendor.violations, firing.error, ended.error) == ([], "", "")
    assert {firing.status, ended.status} == {NotificationStatus.DELIVERED}
    assert len(vendor.requests()) == 2


@every_kind
@pytest.mark.parametrize(
    ("script", "status", "reason", "wait"),
    [
        pytest.param(Script(400), FAILED, FailureReason.CLIENT_ERROR, None, id="400 is for good"),
        pytest.param(Script(401), FAILED, FailureReason.UNAUTHORIZED, None, id="401 is for good"),
        pytest.param(Script(403), FAILED, FailureReason.UNAUTHORIZED, None, id="403 is for good"),
        pytest.param(Script(404), FAILED, FailureReason.CLIENT_ERROR, None, id="404 is for good"),
        pytest.param(Script(413), FAILED, FailureReason.CLIENT_ERROR, None, id="413 is for good"),
        pytest.param(
            Script(302, {"Location": "http://127.0.0.1:1/"}), FAILED, FailureReason.REDIRECTED, None, id="a redirect"
        ),
        pytest.param(Script(429, {"Retry-After": "7"}), SENDING, FailureReason.RATE_LIMITED, 7, id="429 is waited out"),
        pytest.param(
            Script(429, {"Retry-After": HTTP_DATE}), SENDING, FailureReason.RATE_LIMITED, 30, id="429 with a date"
        ),
        pytest.param(Script(429), SENDING, FailureReason.RATE_LIMITED, 0, id="429 that names no time"),
        pytest.param(Script(500), SENDING, FailureReason.SERVER_ERROR, 0, id="500 passes"),
        pytest.param(
            Script(503, {"Retry-After": "9"}), SENDING, FailureReason.SERVER_ERROR, 9, id="503 with Retry-After"
        ),
        pytest.param(Script(silent=True), SENDING, FailureReason.TIMEOUT, 0, id="no answer in time"),
        pytest.param(Script(500, drips=True), SENDING, FailureReason.TIMEOUT, 0, id="an answer that does not end"),
        pytest.param(Script(reset=True), SENDING, FailureReason.CONNECTION, 0, id="a reset before the answer"),
        pytest.param(
            Script(breaks_off=True, body=b'{"ok": true'), SENDING, FailureReason.CONNECTION, 0, id="a reset in it"
        ),
    ],
)
def test_an_answer_decides_what_follows(
    vendor: Vendor,
    build: Build,
    script: Script,
    status: NotificationStatus,
    reason: FailureReason,
    wait: float | None,
) -> None:
    built = build("timeout: 300ms")
    notification = composed(built)
    vendor.script(script)

    first = tried(built, notification)

    assert (first.status, first.failure) == (status, reason)
    assert first.retry_at == (None if wait is None else NOW + timedelta(seconds=wait))
    assert tried(built, notification).status is NotificationStatus.DELIVERED
    assert vendor.violations == []


@every_kind
@pytest.mark.parametrize("status", [400, 500, 429], ids=lambda status: f"in answers with {status}")
def test_no_secret_is_told_even_where_the_vendor_repeats_it(
    kind: Kind, vendor: Vendor, build: Build, status: int
) -> None:
    built = build()
    vendor.script(Script(status, echoes=True))
    told = tried(built, composed(built)).error
    secret = kind.secret.removeprefix("{url}")
    assert told.startswith(f"answered {status}")
    assert not [secret[start : start + 8] for start in range(len(secret) - 7) if secret[start : start + 8] in told]


@every_kind
def test_a_secret_is_not_stored_with_the_message(kind: Kind, build: Build) -> None:
    built = build()
    assert kind.secret.removeprefix("{url}") not in composed(built).body


@every_kind
def test_a_refusal_is_counted_by_its_reason_and_no_secret_is_logged(
    kind: Kind,
    vendor: Vendor,
    tmp_path: Path,
    embedded_store: Store,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.script(Script(500, echoes=True), Script(401, echoes=True))
    pipeline = RunningPipeline(embedded_store, tmp_path, routing_text(kind, vendor, tmp_path, route=", group_wait: 0s"))
    try:
        pipeline.tick(alert())
        pipeline.settle()
    finally:
        pipeline.stop()
    labels = {"receiver": "ops", "integration": f"{kind.key}[0]"}
    assert pipeline.count("milepost_notifications_total", **labels) == 1
    assert pipeline.count("milepost_notifications_failed_total", **labels, reason="unauthorized") == 1
    assert pipeline.count("milepost_notification_latency_seconds_count", **labels) == 2
    assert "answered 401 Unauthorized" in caplog.text
    assert kind.secret.removeprefix("{url}") not in caplog.text
