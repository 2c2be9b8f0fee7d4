"""Messages through Apprise, to a service on loopback that takes its JSON."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.config import load_routing
from alerts.notification import FailureReason, NotifyReason
from alerts.notifiers.notifier import DeliveryError, Notifier
from alerts.notifiers.registry import build_integrations
from domain.alert import AlertState
from domain.errors import ConfigError
from tests.builders import NOW, alert
from tests.fakes import Answer, WebhookReceiver, webhook_receiver
from tests.unit.alerts.messages import notification

# Apprise's own, on Pythons that still have that module.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
Build = Callable[[str], Notifier]


@pytest.fixture
def service() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as service:
        yield service


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with ExitStack() as stack:

        def build(address: str) -> Notifier:
            (tmp_path / "address").write_text(address, encoding="utf-8")
            path = tmp_path / "routing.yaml"
            path.write_text(
                "route: {receiver: ops}\nreceivers: [{name: ops, apprise_configs: [{url_file: address}]}]\n",
                encoding="utf-8",
            )
            (built,) = build_integrations(load_routing(path), "https://milepost.example.com", {})["ops"]
            stack.callback(built.notifier.close)
            return built.notifier

        yield build


def address_of(service: WebhookReceiver) -> str:
    return service.url.replace("http://", "json://user:pass-secret@") + "?rto=2&cto=2"


def test_a_message_reaches_the_service_as_text_and_so_does_its_end(build: Build, service: WebhookReceiver) -> None:
    notifier = build(address_of(service))
    firing = notification([alert(severity="critical")])
    over = notification([alert(state=AlertState.RESOLVED, resolved_at=NOW)], reason=NotifyReason.ALL_RESOLVED)
    for made in (firing, over):
        notifier.send(replace(made, body=notifier.compose(made)), NOW)
    first, end = service.next().json, service.next().json
    assert (first["type"], end["type"]) == ("failure", "success")
    assert first["title"] == "[1 firing] OrderNotPosted (legal_entity DE01)"
    assert "At risk: 12,500.00 EUR" in first["message"]
    assert end["title"] == "[1 resolved] OrderNotPosted (legal_entity DE01)"


def test_a_message_that_was_not_taken_is_tried_again_without_telling_the_address(
    build: Build, service: WebhookReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = build(address_of(service))
    service.answers(Answer(status=500))
    made = notification([alert()])
    with pytest.raises(DeliveryError) as failed:
        notifier.send(replace(made, body=notifier.compose(made)), NOW)
    assert (failed.value.reason, failed.value.permanent) == (FailureReason.SERVER_ERROR, False)
    assert str(failed.value) == "the service did not take it; Apprise does not say why"
    assert "pass-secret" not in caplog.text


@pytest.mark.parametrize("address", ["nonsense", "nosuchservice://token"])
def test_an_address_that_apprise_does_not_know_is_refused_without_showing_it(
    build: Build, tmp_path: Path, address: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        build(address)
    message = f"{tmp_path}/address does not hold an address that Apprise knows"
    assert str(refused.value) == f'receiver "ops": apprise[0]: {message}'


def test_without_the_package_the_error_says_how_to_get_it(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError) as refused:
        build("json://127.0.0.1")
    assert str(refused.value) == (
        'receiver "ops": apprise[0]: apprise is not installed; pip install "milepost[apprise]"'
    )
