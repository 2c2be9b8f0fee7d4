"""E-mails to a real SMTP server: encryption, passwords, refusals, broken connections, threads."""

import base64
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.config import load_routing
from alerts.notification import FailureReason, Notification
from alerts.notifiers.notifier import DeliveryError, Notifier
from alerts.notifiers.registry import build_integrations
from domain.alert import AlertState
from storage.client import Store
from tests.builders import NOW, alert
from tests.integration.alerts.pipeline import RunningPipeline
from tests.unit.alerts.messages import notification
from tests.vendors.smtp import DROP, PASSWORD, SILENCE, USER, MailServer, mail_server

FINANCE, CFO = "finance@example.com", "cfo@example.com"
AUTH = f"auth_username: {USER}, auth_password_file: password, tls_config: {{ca_file: certificate.pem}}"
INTERVAL = timedelta(minutes=5)
Build = Callable[..., Notifier]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as server:
        yield server


def text_of(folder: Path, server: MailServer, more: str = AUTH, to: str = f"{FINANCE}, {CFO}") -> str:
    (folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    entry = f"to: '{to}', from: Milepost <milepost@example.com>, smarthost: '127.0.0.1:{server.port}'"
    return (
        "route: {receiver: finance, group_wait: 0s, group_by: [alertname]}\n"
        f"receivers: [{{name: finance, email_configs: [{{{entry}, timeout: 500ms, send_resolved: true, {more}}}]}}]\n"
    )


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with ExitStack() as stack:

        def build(server: MailServer, more: str = AUTH) -> Notifier:
            path = tmp_path / "routing.yaml"
            path.write_text(text_of(tmp_path, server, more), encoding="utf-8")
            (built,) = build_integrations(load_routing(path), "https://milepost.example.com", {})["finance"]
            stack.callback(built.notifier.close)
            return built.notifier

        yield build


def composed(notifier: Notifier) -> Notification:
    made = notification([alert()])
    return replace(made, body=notifier.compose(made))


def failure(notifier: Notifier) -> tuple[FailureReason, bool, str]:
    with pytest.raises(DeliveryError) as failed:
        notifier.send(composed(notifier), NOW)
    return failed.value.reason, failed.value.permanent, str(failed.value)


def test_an_e_mail_goes_encrypted_and_with_a_password_to_all_recipients(build: Build, server: MailServer) -> None:
    notifier = build(server)
    made = composed(notifier)
    receipt = notifier.send(made, NOW)
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("milepost@example.com", (FINANCE, CFO))
    assert (mail.was_encrypted, mail.user) == (True, USER.encode())
    assert mail.message["Message-ID"] == receipt == f"<{made.notification_id}@example.com>"
    assert mail.message["From"] == "Milepost <milepost@example.com>"
    body = mail.message.get_body(("plain",))
    assert body is not None
    assert "At risk: 12,500.00 EUR, the oldest since 2026-11-02 12:00 UTC." in body.get_content()


def test_tls_may_begin_with_the_connection(build: Build, tmp_path: Path) -> None:
    with mail_server(tmp_path, implicit_tls=True) as server:
        notifier = build(server, f"force_implicit_tls: true, {AUTH}")
        notifier.send(composed(notifier), NOW)
        assert [(mail.was_encrypted, mail.user) for mail in server.mails] == [(True, USER.encode())]


@pytest.mark.parametrize("without", ["PLAIN", "LOGIN"], ids=lambda way: f"a server without {way}")
def test_either_way_to_sign_in_is_enough(build: Build, tmp_path: Path, without: str) -> None:
    with mail_server(tmp_path, without=[without]) as server:
        notifier = build(server)
        notifier.send(composed(notifier), NOW)
        assert [mail.user for mail in server.mails] == [USER.encode()]


def test_without_tls_only_where_the_file_says_so(build: Build, tmp_path: Path) -> None:
    with mail_server(tmp_path, encrypted=False) as server:
        assert failure(build(server, "tls_config: {ca_file: certificate.pem}")) == (
            FailureReason.CLIENT_ERROR,
            True,
            "the server offers no STARTTLS",
        )
        notifier = build(server, "require_tls: false")
        notifier.send(composed(notifier), NOW)
        assert [mail.was_encrypted for mail in server.mails] == [False]


def test_a_certificate_that_nobody_vouches_for_is_not_believed(build: Build, server: MailServer) -> None:
    reason, permanent, message = failure(build(server, f"auth_username: {USER}, auth_password_file: password"))
    assert (reason, permanent) == (FailureReason.CONNECTION, False)
    assert "certificate verify failed" in message
    assert server.mails == []


def test_a_wrong_password_is_for_good_and_not_told(build: Build, server: MailServer, tmp_path: Path) -> None:
    notifier = build(server)
    (tmp_path / "password").write_text("wrong-secret", encoding="utf-8")
    reason, permanent, message = failure(notifier)
    assert (reason, permanent) == (FailureReason.UNAUTHORIZED, True)
    assert message == "answered 535 5.7.8 Authentication credentials invalid"
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    notifier.send(composed(notifier), NOW)
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("answer", "reason", "permanent", "message"),
    [
        pytest.param("451 try later", FailureReason.SERVER_ERROR, False, "answered 451 try later", id="4xx passes"),
        pytest.param("552 too big", FailureReason.CLIENT_ERROR, True, "answered 552 too big", id="5xx is for good"),
        pytest.param("421 closing", FailureReason.CONNECTION, False, "answered 421 closing", id="a closing server"),
        pytest.param(SILENCE, FailureReason.TIMEOUT, False, "no answer within 0.5 s", id="no answer in time"),
        pytest.param(
            DROP,
            FailureReason.CONNECTION,
            False,
            "no connection: Connection unexpectedly closed",
            id="a connection that breaks",
        ),
    ],
)
def test_the_answer_to_the_text_decides_what_follows(
    build: Build, server: MailServer, answer: str, reason: FailureReason, permanent: bool, message: str
) -> None:
    notifier = build(server)
    server.for_texts.append(answer)
    assert failure(notifier) == (reason, permanent, message)
    notifier.send(composed(notifier), NOW)
    assert len(server.mails) == 1


def test_a_password_is_not_told_even_where_the_server_repeats_it(build: Build, server: MailServer) -> None:
    notifier = build(server)
    login = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    server.for_texts.append(f"554 who said {login} and {PASSWORD}?")
    assert failure(notifier)[2] == "answered 554 who said [hidden] and [hidden]?"


def test_a_server_that_is_not_there_may_come_back(build: Build, tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        notifier = build(server)
    assert failure(notifier) == (FailureReason.CONNECTION, False, "no connection: [Errno 111] Connection refused")


def test_a_recipient_to_be_tried_later_keeps_the_others_waiting_so_that_nobody_gets_it_twice(
    build: Build, server: MailServer
) -> None:
    notifier = build(server)
    server.for_recipients = {CFO: "450 mailbox busy"}
    assert failure(notifier) == (FailureReason.SERVER_ERROR, False, "answered 450 mailbox busy")
    assert server.mails == []


def test_a_recipient_that_there_is_not_does_not_keep_the_others_from_it(
    build: Build, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = build(server)
    server.for_recipients = {CFO: "550 no such user"}
    notifier.send(composed(notifier), NOW)
    assert [mail.recipients for mail in server.mails] == [(FINANCE,)]
    assert "cfo@example.com is no recipient: answered 550" in caplog.text
    server.for_recipients = {CFO: "550 no such user", FINANCE: "550 no such user"}
    assert failure(notifier) == (FailureReason.CLIENT_ERROR, True, "answered 550 no such user")


def test_the_messages_about_a_group_are_one_thread_even_over_a_restart(
    server: MailServer, embedded_store: Store, tmp_path: Path
) -> None:
    text = text_of(tmp_path, server)
    over = replace(alert(), state=AlertState.RESOLVED, resolved_at=NOW, version=2)
    before = RunningPipeline(embedded_store, tmp_path, text)
    before.tick(alert())
    before.settle()
    before.stop()
    after = RunningPipeline(embedded_store, tmp_path, text, start_at=NOW + INTERVAL)
    after.tick(over, after=INTERVAL)
    after.settle()
    after.tick(replace(alert(), version=3), after=INTERVAL)
    after.settle()
    after.stop()
    first, end, again = (mail.message for mail in server.mails)
    assert first["References"] is None
    assert (end["References"], end["In-Reply-To"]) == (first["Message-ID"],) * 2
    assert again["References"] is None
    assert again["Message-ID"] != first["Message-ID"]


def test_a_refusal_is_counted_by_its_reason_and_no_password_is_logged(
    server: MailServer, embedded_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="alerts")
    server.for_texts += ["451 later", "554 never"]
    pipeline = RunningPipeline(embedded_store, tmp_path, text_of(tmp_path, server))
    pipeline.tick(alert())
    pipeline.settle()
    pipeline.stop()
    labels = {"receiver": "finance", "integration": "email[0]"}
    assert pipeline.count("milepost_notifications_failed_total", **labels, reason="client_error") == 1
    assert pipeline.count("milepost_notification_latency_seconds_count", **labels) == 2
    assert "answered 554 never" in caplog.text
    assert PASSWORD not in caplog.text
