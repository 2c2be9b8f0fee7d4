"""Tens of thousands of bodies that chance broke, over all receivers of one running Milepost.

FUZZ_BODIES sends more than the suite has time for.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import grpc
import httpx
from prometheus_client.parser import text_string_to_metric_families

from domain.clock import SystemClock
from tests.acceptance.mutations import Mutation, mutated_spans, mutations
from tests.acceptance.program import RunningMilepost
from tests.integration.collector.vendor_requests import DEFINITIONS, PUBLIC_URL, SECRET

BODIES = int(os.environ.get("FUZZ_BODIES", "21000"))
CONNECTIONS = 48
# One body in so many goes over gRPC too.
GRPC_EVERY = 20
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
# What the engine's caches may still gain once they are warm. Were something kept of every request of two thirds, it
# would be more from 7 KiB each on.
MOST_GROWTH = 96 * 1024 * 1024
SERVER_FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}


class Flood:
    """Sends mutations side by side and adds up how they were answered."""

    def __init__(self, milepost: RunningMilepost, http: httpx.Client, channel: grpc.Channel) -> None:
        self._milepost = milepost
        self._http = http
        self._export: Callable[..., bytes] = channel.unary_unary(EXPORT)
        self._lock = threading.Lock()
        self._grpc_chance = Random(1)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.refused: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.faults: list[str] = []

    def send(self, some: Iterable[Mutation]) -> None:
        """Sends them all and returns once each is answered."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for _ in pool.map(self._send, some):
                pass

    def call(self, count: int) -> None:
        """Sends that many requests over gRPC."""
        for _ in range(count):
            body = mutated_spans(self._grpc_chance)
            try:
                self._export(body, timeout=30)
            except grpc.RpcError as error:
                self.refused["traces"] += 1
                if error.code() in SERVER_FAULTS:
                    self.faults.append(f"gRPC {error}: {body!r}")

    def counted(self) -> Counter[str]:
        """The counters as /metrics shows them, by name and, where there is one, channel."""
        counts: Counter[str] = Counter()
        for family in text_string_to_metric_families(self._http.get("/metrics").text):
            for sample in family.samples:
                channel = sample.labels.get("channel", "").partition("/")[0]
                counts[f"{sample.name.removeprefix('milepost_')} {channel}".rstrip()] += round(sample.value)
        return counts

    def _send(self, mutation: Mutation) -> None:
        headers = [(name.encode(), value.encode()) for name, value in mutation.headers.items()]
        response = self._http.post(mutation.path, content=mutation.body, headers=headers)
        with self._lock:
            kind = mutation.channel.partition("/")[0]
            self.answers[kind, response.status_code] += 1
            if response.status_code >= 500:
                self.faults.append(f"{mutation.path} {response.status_code} {response.text}: {mutation.body!r}")
            self.refused[kind] += response.status_code >= 400
            if kind == "events":
                self._tell(response)

    def _tell(self, response: httpx.Response) -> None:
        if response.status_code in (200, 202):
            answer = response.json()
            self.told["stored"] += answer["accepted"]
            self.told["duplicates"] += answer["duplicates"]
            self.told["letters"] += len(answer.get("rejected", []))
        else:
            self.told["letters"] += 1


@contextmanager
def flood_of(folder: Path) -> Iterator[tuple[RunningMilepost, Flood]]:
    """A running Milepost that knows every vendor's secret, and a flood that can be let loose on it."""
    places = [definition.config.authentication.secret for definition in DEFINITIONS.values()]
    secrets = {place.secret_env: SECRET for place in places if place and place.secret_env}
    with (
        RunningMilepost(folder, **secrets, MILEPOST_PUBLIC_URL=PUBLIC_URL, MILEPOST_TICK="10s") as milepost,
        httpx.Client(base_url=milepost.collector, timeout=60, limits=httpx.Limits(max_connections=CONNECTIONS)) as http,
        grpc.insecure_channel(milepost.address_of("grpc").removeprefix("http://")) as channel,
    ):
        yield milepost, Flood(milepost, http, channel)


def test_a_flood_of_mutated_bodies_is_accounted_for_and_leaves_no_trace_in_memory(tmp_path: Path) -> None:
    with flood_of(tmp_path) as (milepost, flood):
        resident = []
        for third in range(3):
            flood.send(mutations(third, BODIES // 3, SystemClock().now()))
            flood.call(BODIES // 3 // GRPC_EVERY)
            resident.append(milepost.resident_bytes())
        counted = flood.counted()

    letters = {
        kind: counted[f"dead_letters_total {kind}"] for kind in ("events", "sources", "traces", "logs", "metrics")
    }
    refused = {kind: counted[f"requests_refused_total {kind}"] for kind in letters}
    assert flood.faults == []
    assert flood.answers.total() == BODIES // 3 * 3
    assert counted["events_received_total"] == (
        counted["events_stored_total"]
        + counted["events_duplicate_total"]
        + sum(letters[kind] + refused[kind] for kind in ("events", "sources"))
    )
    assert counted["spans_received_total"] == (
        counted["spans_stored_total"]
        + counted["spans_duplicate_total"]
        + counted["spans_rejected_total"]
        + letters["traces"]
        + refused["traces"]
    )
    assert flood.told["letters"] == letters["events"]
    assert refused["sources"] == flood.answers["sources", 401]
    for kind in ("traces", "logs", "metrics"):
        assert letters[kind] + refused[kind] == flood.refused[kind]
    assert resident[2] - resident[0] < MOST_GROWTH, resident
