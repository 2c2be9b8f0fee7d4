"""The main job from outside: events in, an alert out, through crashes, with the installed program."""

import json
import os
import signal
import subprocess
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.clock import SystemClock
from tests.acceptance.program import MILEPOST, RunningMilepost, environment, run_milepost
from tests.fakes import Answer, WebhookReceiver, webhook_receiver
from tests.waiting import eventually

BATCH = {"content-type": "application/cloudevents-batch+json"}
ROUTING = """
route: {{receiver: finance, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 4h}}
receivers:
  - name: finance
    webhook_configs: [{{url: "{url}"}}]
"""


def event(number: int, type_: str, at: datetime) -> dict[str, Any]:
    data = {"objects": [{"type": "order", "id": f"O-{number}"}], "amount": "12500.00", "currency": "EUR"}
    source = "erp" if type_ == "order.posted" else "crm"
    identity = {"specversion": "1.0", "id": f"{type_}-{number}", "source": source, "type": type_}
    return {**identity, "time": at.isoformat(), "data": data}


def approved(numbers: Iterable[int], now: datetime) -> list[dict[str, Any]]:
    return [event(number, "order.approved", now - timedelta(hours=5)) for number in numbers]


def posted(numbers: Iterable[int], at: datetime) -> list[dict[str, Any]]:
    return [event(number, "order.posted", at) for number in numbers]


def send(milepost: RunningMilepost, events: list[dict[str, Any]]) -> dict[str, Any]:
    response = httpx.post(f"{milepost.collector}/v1/events", json=events, headers=BATCH, timeout=30)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def settings_for(folder: Path, webhook: WebhookReceiver) -> dict[str, str]:
    config = folder / "config"
    config.mkdir()
    (config / "routing.yaml").write_text(ROUTING.format(url=webhook.url), encoding="utf-8")
    return {"MILEPOST_CONFIG": str(config)}


def on_orders(milepost: RunningMilepost) -> list[dict[str, Any]]:
    """The alerts firing on orders; so many late ones also spend the budget of their rule, which is another alert."""
    return [one for one in milepost.alerts(state="firing", limit="5000") if one["object_type"] == "order"]


def told_of(webhook: WebhookReceiver, seconds: float = 60) -> set[str]:
    return webhook.next(timeout=seconds).firing()


def test_an_order_that_is_not_posted_in_time_is_told_and_its_posting_too(tmp_path: Path) -> None:
    now = SystemClock().now()
    with webhook_receiver() as webhook, RunningMilepost(tmp_path, **settings_for(tmp_path, webhook)) as milepost:
        in_time = posted([2], now - timedelta(hours=2))
        assert send(milepost, approved([1, 2], now) + in_time) == {"accepted": 3, "duplicates": 0, "rejected": []}

        message = webhook.next(timeout=60)
        assert message.firing() == {"O-1"}
        [alert] = milepost.ask("alerts", "list", "--state", "firing")
        assert (alert["alert"], alert["object_id"], alert["amount"]) == ("OrderNotPosted", "O-1", "12500.00")

        send(milepost, posted([1], now))
        assert webhook.next(timeout=60).resolved() == {"O-1"}
        assert milepost.ask("alerts", "list", "--state", "firing") == []
        assert [one["state"] for one in milepost.ask("alerts", "list")] == ["resolved"]


def test_a_delivery_cut_off_by_a_kill_is_finished_under_its_id_after_the_restart(tmp_path: Path) -> None:
    now = SystemClock().now()
    with webhook_receiver() as webhook:
        settings = settings_for(tmp_path, webhook)
        webhook.answers(Answer(silent=True))
        with RunningMilepost(tmp_path, **settings) as milepost:
            send(milepost, approved([1], now))
            begun = webhook.next(timeout=60)
            milepost.kill()
        with RunningMilepost(tmp_path, **settings) as milepost:
            finished = webhook.next(timeout=60)
            send(milepost, approved([2], now))
            following = webhook.next(timeout=60)

    assert finished.json["notificationId"] == begun.json["notificationId"]
    assert finished.firing() == {"O-1"}
    assert following.firing() == {"O-1", "O-2"}
    assert following.json["notificationId"] != begun.json["notificationId"]


def test_kills_in_the_middle_of_ingest_lose_no_acknowledged_event_and_no_alert(tmp_path: Path) -> None:
    now = SystemClock().now()
    batches = [approved(range(start, start + 50), now) for start in range(0, 1000, 50)]
    with webhook_receiver() as webhook:
        settings = settings_for(tmp_path, webhook)
        acknowledged = 0
        while acknowledged < len(batches):
            with RunningMilepost(tmp_path, **settings) as milepost:
                for batch in batches[acknowledged : acknowledged + 7]:
                    answer = send(milepost, batch)
                    assert answer["accepted"] + answer["duplicates"] == 50
                    acknowledged += 1
                milepost.kill()
        with RunningMilepost(tmp_path, **settings) as milepost:
            repeated = [send(milepost, batch) for batch in batches]
            firing: list[dict[str, Any]] = eventually(
                lambda: rows if len(rows := on_orders(milepost)) >= 1000 else [],
                "an alert for every order",
            )
            told: set[str] = set()
            while len(told) < 1000:
                told |= told_of(webhook) - {"OrderNotPosted"}

    assert {(one["accepted"], one["duplicates"]) for one in repeated} == {(0, 50)}
    assert sorted(one["object_id"] for one in firing) == sorted(f"O-{number}" for number in range(1000))


def test_evaluate_says_the_same_of_a_file_before_during_and_after_a_run(tmp_path: Path) -> None:
    now = SystemClock().now()
    file = tmp_path / "events.ndjson"
    late = posted([1], now - timedelta(minutes=5))
    lines = [*approved(range(20), now), *late, *posted([2], now - timedelta(hours=3)), *approved([3], now)]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    question = ("evaluate", "--at", now.isoformat(), "--output", "json")

    taken = run_milepost(tmp_path, "ingest", str(file))
    before = run_milepost(tmp_path, *question)
    with RunningMilepost(tmp_path):
        during = run_milepost(tmp_path, *question)
        again = run_milepost(tmp_path, "ingest", str(file))

    assert taken.stdout == "22 accepted, 1 duplicates, 0 rejected\n"
    assert again.stdout == "0 accepted, 23 duplicates, 0 rejected\n"
    assert before.stdout == during.stdout
    states = {row["object_id"]: row["state"] for row in json.loads(before.stdout) if row["object_type"] == "order"}
    assert states == {f"O-{number}": "resolved" if number == 1 else "firing" for number in range(20) if number != 2}


def incident_with(milepost: RunningMilepost, incident_id: str, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """The incident once these alerts are in it, before that nothing."""
    path = f"{milepost.collector}/api/incidents/{incident_id}"
    found: dict[str, Any] = httpx.get(path, params={"limit": "1000"}, timeout=60).json()
    return found if {one["alert_id"] for one in alerts} <= {one["alert_id"] for one in found["alerts"]} else {}


def told_as_one(received: list[dict[str, Any]], incident: dict[str, Any]) -> None:
    """Asserts that an incident is one conversation, that messages and commands agree, and nothing is told elsewhere."""
    ours = [one for one in received if one.get("incident", {}).get("incidentId") == incident["incident_id"]]
    assert {one["groupKey"] for one in ours} == {f'{{}}:{{incident="{incident["incident_id"]}"}}'}
    assert {one["incident"]["error"] for one in ours} == {incident["error"]}
    assert incident["pattern"].startswith("ErpPostingTimeout: period lock on company code ")
    assert incident["firing"] + incident["over"] == len(incident["alerts"])
    told = {one["alertId"] for message in ours for one in message["alerts"]}
    elsewhere = {one["alertId"] for message in received if "incident" not in message for one in message["alerts"]}
    assert told <= {one["alert_id"] for one in incident["alerts"]}
    assert told & elsewhere == set()


def test_the_demo_fires_an_alert_that_its_trace_explains(tmp_path: Path) -> None:
    with RunningMilepost(tmp_path, "--demo") as milepost:
        webhook = milepost.address_of("webhook")
        alerts = eventually(
            lambda: [one for one in milepost.alerts(state="firing") if one["alert"] == "OrderNotPosted"],
            "OrderNotPosted firing",
            seconds=300,
        )
        notifications = eventually(
            lambda: [
                received["body"]
                for received in httpx.get(f"{webhook}/notifications", timeout=10).json()
                if received["body"].get("incident", {}).get("operation") == "POST /erp/orders"
            ],
            "the stuck hop as an incident at the webhook",
        )
        console = httpx.get(milepost.console, timeout=30)
        explained = eventually(
            lambda: [
                one
                for one in milepost.alerts(state="firing", limit="1000")
                if one["alert"] == "OrderNotPosted" and one["why"]["cause"]["kind"] == "failed_call"
            ],
            "OrderNotPosted explained by the call that failed",
        )
        shown = milepost.ask("alerts", "show", explained[0]["alert_id"])
        [incident] = [one for one in milepost.ask("incidents", "list") if one["operation"] == "POST /erp/orders"]
        received = [one["body"] for one in httpx.get(f"{webhook}/notifications", timeout=10).json()]
        behind = eventually(partial(incident_with, milepost, incident["incident_id"], explained), "all in the incident")
        page = run_milepost(tmp_path, "alerts", "show", explained[0]["alert_id"][:16]).stdout

    assert all(one["trace_ids"] for one in alerts)
    causes = [one["why"]["cause"] for one in explained]
    assert {(cause["service"], cause["operation"]) for cause in causes} == {("erp", "POST /erp/orders")}
    assert all(cause["error"].startswith("ErpPostingTimeout: period lock on company code ") for cause in causes)
    # One fault holds them all up, whichever company code each is of.
    assert len({cause["signature"] for cause in causes}) == 1
    assert (shown["why"]["started_by"]["type"], shown["why"]["awaits"]) == ("order.approved", ["order.posted"])
    assert "the call erp POST /erp/orders failed: ErpPostingTimeout: period lock on company code " in page
    assert "last hop erp POST /erp/orders at " in " ".join(page.split())
    # One fault is one incident, and one conversation at the webhook, whichever entity an order is of.
    told_as_one(received, behind)
    # Orders of the other companies are late now and then as well, though no lock holds those up.
    assert {one["labels"]["legal_entity"] for one in explained} <= {"DE01", "FR01"}
    assert notifications[0]["status"] == "firing"
    assert console.status_code == 200


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"MILEPOST_TICKS": "5s"},
            "MILEPOST_TICKS is not a setting; there are MILEPOST_STORE, MILEPOST_STORE_PASSWORD_FILE, "
            "MILEPOST_CLUSTER, MILEPOST_HOST, MILEPOST_COLLECTOR_PORT, MILEPOST_GRPC_PORT, "
            "MILEPOST_CONSOLE_PORT, MILEPOST_CONSOLE_HOST, MILEPOST_ENGINE_PORT, MILEPOST_ENGINE_LEASE, "
            "MILEPOST_CONFIG, MILEPOST_PULL_FILES, MILEPOST_PUBLIC_URL, MILEPOST_CONSOLE_URL, "
            "MILEPOST_GRAFANA_URL, MILEPOST_TICK, MILEPOST_SPOOL, MILEPOST_SPOOL_SIZE, MILEPOST_RATE_LIMIT, "
            "MILEPOST_TOKEN, MILEPOST_TOKEN_FILE, MILEPOST_LOG, MILEPOST_PERSONAL_DATA_KEY, "
            "MILEPOST_PERSONAL_DATA_KEY_FILE",
            id="an unknown setting",
        ),
        pytest.param(
            {"MILEPOST_TICK": "soon"},
            "MILEPOST_TICK is 'soon': 'soon' is not a duration; give a duration such as 4h, 90m, 1h30m or 2d "
            "(units w, d, h, m, s, ms). How often rules are evaluated, such as 5s.",
            id="a wrong duration",
        ),
        pytest.param(
            {"MILEPOST_HOST": "0.0.0.0"},
            "MILEPOST_HOST is 0.0.0.0: other machines would reach the collector, and there is no token to tell them "
            "apart; make one with `milepost tokens create`, or give one of 127.0.0.1, ::1, localhost",
            id="an address that others can reach",
        ),
        pytest.param(
            {"MILEPOST_CONFIG": "nowhere"}, "MILEPOST_CONFIG: nowhere is not a folder", id="a folder that is not there"
        ),
        pytest.param(
            {"MILEPOST_STORE": "postgres://x"},
            "MILEPOST_STORE has the scheme 'postgres'; "
            "give chdb:///path/to/folder or clickhouse://user:password@host:8123/database",
            id="a store of another kind",
        ),
    ],
)
def test_a_wrong_setting_ends_in_a_sentence(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    ports = {"MILEPOST_COLLECTOR_PORT": "0", "MILEPOST_GRPC_PORT": "0", "MILEPOST_CONSOLE_PORT": "0"}

    ended = run_milepost(tmp_path, "up", **ports, **settings)

    assert ended.returncode == 2
    assert ended.stderr.strip() == message


def test_a_second_program_on_the_same_store_or_port_is_told_who_has_it(tmp_path: Path) -> None:
    with RunningMilepost(tmp_path) as milepost:
        port = milepost.collector.rpartition(":")[2]
        on_store = run_milepost(
            tmp_path, "up", MILEPOST_COLLECTOR_PORT="0", MILEPOST_GRPC_PORT="0", MILEPOST_CONSOLE_PORT="0"
        )
        on_both = run_milepost(
            tmp_path, "up", MILEPOST_COLLECTOR_PORT=port, MILEPOST_GRPC_PORT="0", MILEPOST_CONSOLE_PORT="0"
        )
        other = f"chdb://{tmp_path / 'other'}"
        on_port = run_milepost(
            tmp_path, "up", MILEPOST_STORE=other, MILEPOST_COLLECTOR_PORT=port, MILEPOST_CONSOLE_PORT="0"
        )
        ready = httpx.get(f"{milepost.collector}/readyz", timeout=30)

    assert on_store.returncode == 2
    assert f"the store {tmp_path / 'store'} is held by process" in on_store.stderr
    assert f"which answers at {milepost.collector}" in on_store.stderr
    assert (on_both.returncode, on_both.stderr) == (2, on_store.stderr)
    assert on_port.returncode == 2
    assert on_port.stderr.strip() == (
        f"port {port} on 127.0.0.1 is taken; stop what uses it or set MILEPOST_COLLECTOR_PORT to another"
    )
    assert ready.json() == {"status": "ready"}


def test_a_schema_is_up_to_date_while_the_program_runs_that_made_it(tmp_path: Path) -> None:
    foreseen = run_milepost(tmp_path, "migrate", "--dry-run")
    assert not (tmp_path / "store").exists()
    with RunningMilepost(tmp_path):
        during = [run_milepost(tmp_path, "migrate", *option) for option in ([], ["--dry-run"])]
    after = run_milepost(tmp_path, "migrate", "--dry-run")

    assert foreseen.returncode == 0
    assert foreseen.stdout.startswith("would apply 0001_events\n")
    assert "\nCREATE TABLE IF NOT EXISTS events\n" in foreseen.stdout
    for answer in (*during, after):
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "the schema is up to date\n", "")


def test_a_second_interrupt_ends_the_program_at_once(tmp_path: Path) -> None:
    now = SystemClock().now()
    with webhook_receiver() as webhook:
        webhook.answers(Answer(silent=True))
        with RunningMilepost(tmp_path, **settings_for(tmp_path, webhook)) as milepost:
            send(milepost, approved([1], now))
            webhook.next(timeout=60)
            milepost.interrupt()
            eventually(lambda: any(line.startswith("stopping") for line in milepost.lines), "the stop")
            milepost.interrupt()
            # The receiver is given ten seconds to answer; in order, it would have been waited for.
            milepost.wait(5)

    assert milepost.returncode == -signal.SIGINT


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["rules", "check"], id="a line"),
        pytest.param(["alerts", "list", "--output", "json"], id="JSON"),
        pytest.param(["alerts", "list"], id="a table"),
    ],
)
def test_a_reader_that_has_gone_away_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as gone:
        ended = subprocess.run(
            [MILEPOST, *arguments],
            env=environment(tmp_path, {}),
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (0, "")
