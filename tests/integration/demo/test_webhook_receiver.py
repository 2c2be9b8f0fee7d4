"""The demo's local webhook, spoken to over HTTP as the dispatcher does."""

import socket
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from domain.errors import UsageError
from milepost.demo.webhook_receiver import ID_HEADER, KEPT, WebhookReceiver


def message(firing: int = 2, resolved: int = 0) -> dict[str, object]:
    alerts = [
        {"status": status, "labels": {"alertname": "OrderNotPosted"}}
        for status in ["firing"] * firing + ["resolved"] * resolved
    ]
    return {
        "version": "4",
        "status": "firing",
        "alerts": alerts,
        "moneyAtRisk": [{"currency": "EUR", "amount": str(Decimal("1234567.00")), "unknown": 0}],
    }


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def receiver(lines: list[str]) -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver(0, lines.append)
    receiver.start()
    yield receiver
    receiver.stop()


def listed(receiver: WebhookReceiver) -> list[dict[str, object]]:
    found: list[dict[str, object]] = httpx.get(f"{receiver.url}notifications").json()
    return found


def test_a_notification_is_recorded_and_told_in_one_line(receiver: WebhookReceiver, lines: list[str]) -> None:
    answer = httpx.post(receiver.url, json=message(firing=12, resolved=3), headers={ID_HEADER: "n-1"})

    assert (answer.status_code, answer.json()) == (200, {"repeated": False})
    assert lines == ["webhook: 12 firing OrderNotPosted, 3 resolved OrderNotPosted, €1.2M at risk"]
    assert listed(receiver) == [{"notification_id": "n-1", "body": message(firing=12, resolved=3)}]


def test_a_repeated_notification_is_answered_and_dropped(receiver: WebhookReceiver, lines: list[str]) -> None:
    first = httpx.post(receiver.url, json=message(), headers={ID_HEADER: "n-1"})
    again = httpx.post(receiver.url, json=message(), headers={ID_HEADER: "n-1"})
    other = httpx.post(receiver.url, json=message(), headers={ID_HEADER: "n-2"})

    assert [first.json(), again.json(), other.json()] == [{"repeated": False}, {"repeated": True}, {"repeated": False}]
    assert [each["notification_id"] for each in listed(receiver)] == ["n-2", "n-1"]
    assert len(lines) == 2


def test_only_the_newest_notifications_are_kept(receiver: WebhookReceiver) -> None:
    for number in range(KEPT + 5):
        receiver.take(f"n-{number}", message())

    kept = [each["notification_id"] for each in receiver.notifications()]
    assert kept == [f"n-{number}" for number in range(KEPT + 4, 4, -1)]


@pytest.mark.parametrize(
    ("money", "line"),
    [
        pytest.param([], "webhook: 1 firing OrderNotPosted", id="no money"),
        pytest.param(
            [{"currency": "JPY", "amount": "5400000", "unknown": 2}],
            "webhook: 1 firing OrderNotPosted, ¥5.4M and 2 of unknown amount at risk",
            id="an amount and some unknown",
        ),
        pytest.param(
            [{"currency": "GBP", "amount": None, "unknown": 1}],
            "webhook: 1 firing OrderNotPosted, 1 of unknown amount at risk",
            id="only unknown amounts",
        ),
        pytest.param(
            [{"currency": "EUR", "amount": "950.00"}, {"currency": "USD", "amount": "2500.00"}],
            "webhook: 1 firing OrderNotPosted, €950 + $2.5K at risk",
            id="several currencies",
        ),
    ],
)
def test_the_line_tells_the_money_at_risk(
    receiver: WebhookReceiver, lines: list[str], money: list[object], line: str
) -> None:
    httpx.post(receiver.url, json=message(firing=1) | {"moneyAtRisk": money})

    assert lines == [line]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param({}, "incident open at erp POST /orders: waiting 37 orders, €412K at risk", id="one that is open"),
        pytest.param(
            {"state": "over", "endedAt": "2026-11-02T12:00:00Z", "moneyUnknown": 3, "objects": []},
            "incident over at erp POST /orders: waited €412K + 3 of unknown amount at risk",
            id="one that is over",
        ),
        pytest.param(
            {"service": "", "operation": "", "money": [], "objects": []},
            "incident open at ?: waiting nothing",
            id="one of which nothing is known",
        ),
    ],
)
def test_the_line_about_an_incident_tells_the_hop_and_all_that_waits(
    receiver: WebhookReceiver, lines: list[str], changes: dict[str, object], line: str
) -> None:
    incident = {
        "service": "erp",
        "operation": "POST /orders",
        "state": "open",
        "objects": [{"type": "order", "count": 37}],
        "money": [{"currency": "EUR", "amount": "412000.00"}],
        "moneyUnknown": 0,
        "endedAt": None,
    }
    httpx.post(receiver.url, json=message(firing=1) | {"incident": incident | changes})

    assert lines == [f"webhook: {line}"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"not json", "the body is not JSON: Expecting value: line 1 column 1 (char 0)", id="text"),
        pytest.param(b"[]", "the body is not a JSON object", id="a list"),
    ],
)
def test_a_body_that_is_no_notification_is_refused(
    receiver: WebhookReceiver, lines: list[str], body: bytes, error: str
) -> None:
    answer = httpx.post(receiver.url, content=body)

    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert lines == []


def test_another_page_says_where_the_list_is(receiver: WebhookReceiver) -> None:
    answer = httpx.get(receiver.url)

    assert (answer.status_code, answer.json()) == (404, {"error": "GET /notifications lists what was received"})


def test_a_taken_port_is_named(lines: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as refused:
            WebhookReceiver(port, lines.append)

    assert str(refused.value) == f"the demo's webhook cannot listen on 127.0.0.1:{port}: Address already in use"
