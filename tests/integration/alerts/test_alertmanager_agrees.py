"""The same timed alerts into Debian's Alertmanager and into ours: the same messages must come out."""

import random
import shutil
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alerts.config import load_routing
from alerts.dispatcher import Dispatcher
from alerts.metrics import AlertMetrics
from alerts.muting import build_routing
from alerts.notification import alert_labels, is_resolved
from alerts.notifiers.registry import build_integrations
from domain.alert import Alert, AlertState
from domain.clock import SystemClock
from domain.instants import format_instant
from storage.client import Store
from tests.builders import alert
from tests.fakes import WebhookReceiver, webhook_receiver

ALERTMANAGER = shutil.which("prometheus-alertmanager")
POSTED, BILLED = "OrderNotPosted", "BillingNotSetUp"
A, B, C, D = "O-1", "O-2", "O-3", "O-4"
Message = tuple[str, frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class Step:
    """At that second an object's alert begins to fire or is over."""

    at: float
    name: str
    object_id: str
    fires: bool


# group_wait 1 s, group_interval 2 s: flushes near the seconds 1, 3, 5, …; every step is well between two.
STEPS = [
    Step(0.0, POSTED, A, True),
    Step(0.0, BILLED, C, True),
    Step(0.4, POSTED, B, True),
    Step(1.8, POSTED, D, True),
    Step(3.8, POSTED, A, False),
    Step(7.8, POSTED, B, False),
    Step(7.8, POSTED, D, False),
    Step(7.8, BILLED, C, False),
    Step(10.0, POSTED, A, True),
]
END = 12.6
EXPECTED: Mapping[str, Sequence[Message]] = {
    POSTED: [
        ("firing", frozenset({A, B}), frozenset()),
        ("firing", frozenset({A, B, D}), frozenset()),
        ("firing", frozenset({B, D}), frozenset({A})),
        ("resolved", frozenset(), frozenset({B, D})),
        ("firing", frozenset({A}), frozenset()),
    ],
    BILLED: [
        ("firing", frozenset({C}), frozenset()),
        ("firing", frozenset({C}), frozenset()),
        ("resolved", frozenset(), frozenset({C})),
    ],
}


def routing_file(folder: Path, receiver: WebhookReceiver) -> Path:
    """One file that both programs read."""
    folder.mkdir()
    path = folder / "routing.yaml"
    path.write_text(
        "route: {receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 5s}\n"
        f"receivers: [{{name: hook, webhook_configs: [{{url: '{receiver.url}'}}]}}]\n",
        encoding="utf-8",
    )
    return path


@contextmanager
def alertmanager(path: Path) -> Iterator[httpx.Client]:
    """Debian's Alertmanager with a routing file, as a client of its API."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        [
            str(ALERTMANAGER),
            f"--config.file={path}",
            f"--storage.path={path.parent / 'data'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://{address}") as client:
            wait_until_ready(client)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_until_ready(client: httpx.Client) -> None:
    pause = threading.Event()
    for _ in range(200):
        try:
            if client.get("/-/ready").is_success:
                return
        except httpx.TransportError:
            pass
        pause.wait(0.05)
    raise AssertionError("Alertmanager did not become ready within 10 s")


def tell_alertmanager(client: httpx.Client, changed: Alert) -> None:
    posted: dict[str, object] = {
        "labels": alert_labels(changed),
        "annotations": dict(changed.annotations),
        "startsAt": format_instant(changed.fired_at or changed.deadline_at),
    }
    if changed.resolved_at and is_resolved(changed):
        posted["endsAt"] = format_instant(changed.resolved_at)
    client.post("/api/v2/alerts", json=[posted]).raise_for_status()


def play(dispatcher: Dispatcher, client: httpx.Client) -> None:
    """Takes every step at its second in both programs, ours ticking twenty times a second."""
    clock, pause = SystemClock(), threading.Event()
    known: dict[tuple[str, str], Alert] = {}
    waiting = list(STEPS)
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < END:
        while waiting and waiting[0].at <= elapsed:
            step = waiting.pop(0)
            known[step.name, step.object_id] = changed = after(step, known.get((step.name, step.object_id)))
            tell_alertmanager(client, changed)
        dispatcher.run(list(known.values()), clock.now())
        pause.wait(0.05)


def after(step: Step, before: Alert | None) -> Alert:
    now = SystemClock().now()
    if step.fires:
        version = before.version + 1 if before else 1
        return alert(name=step.name, object=f"order/{step.object_id}", fired_at=now, version=version)
    assert before is not None
    return replace(before, state=AlertState.RESOLVED, resolved_at=now, version=before.version + 1)


def messages(receiver: WebhookReceiver) -> dict[str, list[Message]]:
    """What a webhook received, by group."""
    received: dict[str, list[Message]] = defaultdict(list)
    while not receiver.is_quiet():
        one = receiver.next()
        name = one.json["groupLabels"]["alertname"]
        received[name].append((one.json["status"], frozenset(one.firing()), frozenset(one.resolved())))
    return dict(received)


@pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed")
def test_alertmanager_sends_the_same_messages(embedded_store: Store, tmp_path: Path) -> None:
    with webhook_receiver() as ours, webhook_receiver() as theirs:
        config = load_routing(routing_file(tmp_path / "ours", ours))
        integrations = build_integrations(config, "http://127.0.0.1:8501", {})
        dispatcher = Dispatcher(
            build_routing(config),
            integrations,
            embedded_store,
            SystemClock(),
            random.Random(1),
            AlertMetrics(CollectorRegistry()),
        )
        dispatcher.start()
        with alertmanager(routing_file(tmp_path / "theirs", theirs)) as client:
            play(dispatcher, client)
        dispatcher.stop()
        assert messages(theirs) == EXPECTED
        assert messages(ours) == EXPECTED
