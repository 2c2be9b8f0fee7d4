"""A test message to a receiver: clearly marked, ended at once, its outcome told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.config import load_routing
from alerts.config_parts import Surroundings
from alerts.receiver_trial import Trial, try_receiver
from domain.errors import UsageError
from milepost.commands.alerts import alerts_receiver_test
from tests.builders import NOW
from tests.vendors.kinds import CONSOLE, KINDS, Kind, routing_text
from tests.vendors.pagerduty import PagerDuty
from tests.vendors.server import Script, serving
from tests.vendors.slack import Slack
from tests.vendors.webhook import Webhook


@pytest.fixture
def trials(tmp_path: Path) -> Callable[[str, str], list[Trial]]:
    def trials(text: str, name: str = "ops") -> list[Trial]:
        path = tmp_path / "routing.yaml"
        path.write_text(text, encoding="utf-8")
        return list(try_receiver(load_routing(path), name, Surroundings(CONSOLE, {}), NOW))

    return trials


@pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for name, kind in KINDS.items()])
def test_every_kind_takes_a_marked_message_and_its_end(
    kind: Kind, trials: Callable[..., list[Trial]], tmp_path: Path
) -> None:
    with serving(kind.make) as vendor:
        name = f"{kind.key}[0]"
        assert trials(routing_text(kind, vendor, tmp_path)) == [Trial(name, "firing", ""), Trial(name, "resolved", "")]
        assert vendor.violations == []
        told = vendor.requests()[0].body
        assert b"ReceiverTest" in told
        assert b"somebody ran milepost alerts receiver-test" in told


def test_no_incident_stays_open(trials: Callable[..., list[Trial]], tmp_path: Path) -> None:
    with serving(PagerDuty) as pagerduty:
        trials(routing_text(KINDS["pagerduty"], pagerduty, tmp_path))
        assert (pagerduty.opened, pagerduty.incidents) == (1, {})


def test_a_message_that_was_not_taken_says_why_and_has_no_end(
    trials: Callable[..., list[Trial]], tmp_path: Path
) -> None:
    with serving(Slack) as slack:
        slack.script(Script(404, body=b"no_service"))
        assert trials(routing_text(KINDS["slack by webhook"], slack, tmp_path)) == [
            Trial("slack[0]", "firing", "answered 404 Not Found: no_service (client_error)")
        ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "opps", 'receiver "opps" is not in the routing file; defined there: nobody, ops', id="no such receiver"
        ),
        pytest.param(
            "nobody",
            'receiver "nobody" has no integrations: its alerts stand in the console only',
            id="a receiver without integrations",
        ),
    ],
)
def test_nobody_to_tell_is_a_mistake(trials: Callable[..., list[Trial]], name: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        trials("route: {receiver: ops}\nreceivers: [{name: ops}, {name: nobody}]\n", name)
    assert str(refused.value) == message


def test_the_command_leads_to_the_console_that_people_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILEPOST_CONSOLE_URL", "https://console.example.com/")
    with serving(Webhook) as vendor:
        path = tmp_path / "routing.yaml"
        path.write_text(routing_text(KINDS["webhook"], vendor, tmp_path), encoding="utf-8")

        alerts_receiver_test("ops", path)

        assert {request.json["externalURL"] for request in vendor.requests()} == {"https://console.example.com"}
