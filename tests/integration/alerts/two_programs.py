"""Debian's Alertmanager and our dispatcher beside each other, told the same at the same second, each with webhooks."""

import random
import shutil
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
from prometheus_client import CollectorRegistry

from alerts.dispatcher import Dispatcher
from alerts.matchers import parse_matchers
from alerts.metrics import AlertMetrics
from alerts.notification import alert_labels, is_resolved
from alerts.silences import SilenceWish, expire_silence, put_silence
from domain.alert import Alert, AlertState
from domain.audit import Actor
from domain.clock import SystemClock
from domain.instants import format_instant
from milepost.routing_reload import RoutingFile
from storage.client import Store
from tests.builders import alert
from tests.fakes import Answer, Received, WebhookReceiver, webhook_receiver

ALERTMANAGER = shutil.which("prometheus-alertmanager")
# Status, who fires, who is over; a note that an alert carries follows its object.
Message = tuple[str, frozenset[str], frozenset[str]]
AUTHOR, COMMENT = "rita", "known, the ERP is down for maintenance"
RITA = Actor("rita")
CLOCK = SystemClock()


class Program(Protocol):
    """What is done to either program."""

    def tell(self, changed: Alert) -> None: ...
    def silence(self, name: str, matchers: Sequence[str], starts_at: datetime, ends_at: datetime) -> None: ...
    def expire(self, name: str) -> None: ...
    def reload(self, text: str) -> None: ...


@dataclass(frozen=True)
class Step:
    """At that second something happens to both programs."""

    at: float
    do: Callable[["Both"], None]


@dataclass
class Hooks:
    """The webhooks of one program: `main` takes all, the others refuse so many requests first."""

    main: WebhookReceiver
    refusing: Mapping[str, WebhookReceiver]

    def addresses(self) -> dict[str, str]:
        """What the placeholders in a routing file stand for."""
        return {"MAIN": self.main.url, **{name: hook.url for name, hook in self.refusing.items()}}

    def messages(self) -> dict[str, list[Message]]:
        """What came, by the last part of the path that it was posted to."""
        received: dict[str, list[Message]] = defaultdict(list)
        for name, hook in {"": self.main, **self.refusing}.items():
            while not hook.is_quiet():
                one = hook.next()
                received[name or one.path.rpartition("/")[2]].append(message_of(one))
        return dict(received)


def message_of(received: Received) -> Message:
    """What a webhook's body says."""

    def those(status: str) -> frozenset[str]:
        return frozenset(
            one["labels"]["object_id"] + one["annotations"].get("note", "")
            for one in received.json["alerts"]
            if one["status"] == status
        )

    return received.json["status"], those("firing"), those("resolved")


@contextmanager
def hooks(refusing: Mapping[str, int]) -> Iterator[Hooks]:
    """Webhooks for the length of a block."""
    with ExitStack() as stack:
        others = {name: stack.enter_context(webhook_receiver()) for name in refusing}
        for name, times in refusing.items():
            others[name].answers(*[Answer(500)] * times)
        yield Hooks(stack.enter_context(webhook_receiver()), others)


class Ours:
    """Our dispatcher as the program runs it, ticking when told."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        registry = CollectorRegistry()
        self._file = RoutingFile(path, "http://127.0.0.1:8501", {}, registry, CLOCK.now())
        read = self._file.current
        self.dispatcher = Dispatcher(
            read.routing, read.integrations, store, CLOCK, random.Random(1), AlertMetrics(registry)
        )
        self._known: dict[str, Alert] = {}
        self._silences: dict[str, str] = {}
        self.dispatcher.start()

    def tell(self, changed: Alert) -> None:
        self._known[changed.alert_id] = changed

    def silence(self, name: str, matchers: Sequence[str], starts_at: datetime, ends_at: datetime) -> None:
        wish = SilenceWish(matchers, ends_at, AUTHOR, COMMENT, starts_at, self._silences.get(name, ""))
        self._silences[name] = put_silence(self._store, wish, CLOCK.now()).silence_id

    def expire(self, name: str) -> None:
        expire_silence(self._store, self._silences[name], CLOCK.now(), RITA)

    def reload(self, text: str) -> None:
        self._path.write_text(text, encoding="utf-8")

    def tick(self) -> None:
        now = CLOCK.now()
        if read := self._file.changed(now):
            self.dispatcher.change(read.routing, read.integrations)
        self.dispatcher.run(list(self._known.values()), now)


class Theirs:
    """Alertmanager, over its API."""

    def __init__(self, path: Path, client: httpx.Client) -> None:
        self._path = path
        self._client = client
        self._silences: dict[str, str] = {}

    def tell(self, changed: Alert) -> None:
        posted: dict[str, object] = {
            "labels": alert_labels(changed),
            "annotations": dict(changed.annotations),
            "startsAt": format_instant(changed.fired_at or changed.deadline_at),
        }
        if changed.resolved_at and is_resolved(changed):
            posted["endsAt"] = format_instant(changed.resolved_at)
        self._client.post("/api/v2/alerts", json=[posted]).raise_for_status()

    def silence(self, name: str, matchers: Sequence[str], starts_at: datetime, ends_at: datetime) -> None:
        parsed = [matcher for text in matchers for matcher in parse_matchers(text)]
        posted: dict[str, Any] = {
            "matchers": [
                {
                    "name": one.name,
                    "value": one.value,
                    "isRegex": "~" in one.operator,
                    "isEqual": not one.operator.startswith("!"),
                }
                for one in parsed
            ],
            "startsAt": format_instant(starts_at),
            "endsAt": format_instant(ends_at),
            "createdBy": AUTHOR,
            "comment": COMMENT,
        }
        if name in self._silences:
            posted["id"] = self._silences[name]
        answer = self._client.post("/api/v2/silences", json=posted).raise_for_status()
        self._silences[name] = answer.json()["silenceID"]

    def expire(self, name: str) -> None:
        self._client.delete(f"/api/v2/silence/{self._silences[name]}").raise_for_status()

    def reload(self, text: str) -> None:
        self._path.write_text(text, encoding="utf-8")
        # A wrong file is refused with 500.
        self._client.post("/-/reload")


@dataclass
class Both:
    """Does everything to both programs."""

    ours: Ours
    theirs: Theirs
    addresses: Sequence[Mapping[str, str]]
    _known: dict[tuple[str, str], Alert] = field(default_factory=dict)

    def fire(self, name: str, object_id: str, note: str = "", **labels: str) -> None:
        """An alert begins to fire, or fires on with another note."""
        now, before = CLOCK.now(), self._known.get((name, object_id))
        version = before.version + 1 if before else 1
        fired_at = before.fired_at if before and before.state is AlertState.FIRING else now
        annotations = {"note": note} if note else {}
        changed = alert(
            name=name,
            object=f"order/{object_id}",
            fired_at=fired_at,
            version=version,
            labels=labels,
            annotations=annotations,
        )
        self._tell(changed)

    def refresh(self, name: str, object_id: str) -> None:
        """An alert is told of again as it is."""
        self._tell(self._known[name, object_id])

    def end(self, name: str, object_id: str) -> None:
        """An alert is over."""
        before = self._known[name, object_id]
        self._tell(replace(before, state=AlertState.RESOLVED, resolved_at=CLOCK.now(), version=before.version + 1))

    def silence(self, name: str, *matchers: str, begins: float = 0, ends: float = 60) -> None:
        """A silence is made, or changed, that counts from so many seconds on until so many have passed."""
        now = CLOCK.now()
        for program in (self.ours, self.theirs):
            program.silence(name, matchers, now + timedelta(seconds=begins), now + timedelta(seconds=ends))

    def expire(self, name: str) -> None:
        """A silence is ended."""
        for program in (self.ours, self.theirs):
            program.expire(name)

    def reload(self, text: str) -> None:
        """The routing file is another; placeholders stand for the webhooks."""
        programs: tuple[Program, ...] = (self.ours, self.theirs)
        for program, addresses in zip(programs, self.addresses, strict=True):
            program.reload(filled(text, addresses))

    def play(self, steps: Sequence[Step], until: float) -> None:
        """Takes every step at its second, ours ticking twenty times a second."""
        pause, waiting = threading.Event(), sorted(steps, key=lambda step: step.at)
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < until:
            while waiting and waiting[0].at <= elapsed:
                waiting.pop(0).do(self)
            self.ours.tick()
            pause.wait(0.05)

    def _tell(self, changed: Alert) -> None:
        self._known[changed.name, changed.business_object.id] = changed
        for program in (self.ours, self.theirs):
            program.tell(changed)


def filled(text: str, addresses: Mapping[str, str]) -> str:
    """A routing file with the addresses in place of their names."""
    for name, address in addresses.items():
        text = text.replace(f"<{name}>", address)
    return text


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


@contextmanager
def both(folder: Path, text: str, store: Store, ours: Hooks, theirs: Hooks) -> Iterator[Both]:
    """The two programs with the same routing file, each with its own webhooks."""
    paths = []
    for name, hook in (("ours", ours), ("theirs", theirs)):
        path = folder / name / "routing.yaml"
        path.parent.mkdir()
        path.write_text(filled(text, hook.addresses()), encoding="utf-8")
        paths.append(path)
    with alertmanager(paths[1]) as client:
        program = Ours(paths[0], store)
        try:
            yield Both(program, Theirs(paths[1], client), (ours.addresses(), theirs.addresses()))
        finally:
            program.dispatcher.stop()
