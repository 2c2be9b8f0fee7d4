"""received = stored + duplicates + dead letters + refused, whatever mix of requests comes, by counter and by table."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from collector.access import DoorSettings
from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.receivers.otlp import PROTOBUF
from collector.tokens import issue_token
from domain.audit import Actor
from domain.clock import FixedClock
from domain.errors import StoreUnreachable
from storage.client import PATIENCE_SECONDS, Store
from tests.builders import NOW, otlp_request, span
from tests.engine import Engine
from tests.integration.collector.log_requests import log_request, record
from tests.integration.collector.running import RunningCollector, event, running_collector

BOMB = gzip.compress(bytes(21 * 1024 * 1024), 1)
DEEP = json.loads("[" * 80 + "]" * 80)
GOOD_SPAN, SPAN_WITHOUT_ID = span(), span(span_id=b"")


class FlickeringStore(Store):
    """A store that is away while told so."""

    is_away = False

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        if self.is_away:
            raise StoreUnreachable("the store is away")
        super().insert(table, body, fmt, settings, seconds)


class Sender:
    """Sends requests of every kind and adds up what the answers say became of their events."""

    def __init__(self, running: RunningCollector, store: FlickeringStore) -> None:
        def token(name: str, *scopes: str, rate: float | None = None) -> str:
            text = issue_token(
                store, FixedClock(NOW), name, scopes=scopes, sources=["crm"], rate_per_second=rate, by=Actor("a test")
            )
            return f"Bearer {text}"

        self._running, self._store = running, store
        self._tokens = {
            "sender": token("sender", "events", "traces", "metrics"),
            # One request and then none for longer than the test takes.
            "throttled": token("throttled", "events", "traces", rate=1e-6),
            "reader": token("reader", "metrics"),
            "unknown": f"Bearer mp_{'0' * 12}_{'x' * 43}",
        }
        running.collector.tokens.refresh()
        self.told: Counter[str] = Counter()

    def send(self, path: str, body: bytes, content_type: str, who: str, *, is_away: bool, **headers: str) -> None:
        """One request, as somebody, perhaps while the store is away."""
        if who in self._tokens:
            headers["authorization"] = self._tokens[who]
        self._store.is_away = is_away
        response = self._running.post(body, content_type, path, **headers)
        self._store.is_away = False
        assert response.status_code != 500, response.text
        assert ("retry-after" in response.headers) == (response.status_code in (429, 503))
        self._tell(path.removeprefix("/v1/"), response)

    def _tell(self, channel: str, response: httpx.Response) -> None:
        if response.status_code in (200, 202) and channel == "events":
            answer = response.json()
            self.told["events stored"] += answer["accepted"]
            self.told["events duplicates"] += answer["duplicates"]
            self.told["events letters"] += len(answer.get("rejected", []))
        elif response.status_code in (401, 413, 429, 503) or _is_refused(channel, response):
            self.told[f"{channel} refused"] += 1
        elif response.status_code != 200:
            self.told[f"{channel} letters"] += 1

    def counted(self) -> Counter[str]:
        """The counters as /metrics shows them, by name and, where there is one, channel."""
        page = self._running.http.get("/metrics", headers={"authorization": self._tokens["sender"]}).text
        counts: Counter[str] = Counter()
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                channel = sample.labels.get("channel", "")
                counts[f"{sample.name.removeprefix('milepost_')} {channel}".rstrip()] += round(sample.value)
        return counts


def _is_refused(channel: str, response: httpx.Response) -> bool:
    """Whether an answer of 403 or 415 tells of a request that is not even kept."""
    if response.status_code == 403:
        return "source_not_allowed" not in response.text
    return response.status_code == 415 and channel in ("traces", "logs") and "unsupported_media_type" in response.text


@pytest.fixture
def store(engine: Engine, embedded_store: Store) -> Iterator[FlickeringStore]:
    with FlickeringStore(engine.dsn(embedded_store.database)) as store:
        yield store


@pytest.fixture
def sender(store: FlickeringStore) -> Iterator[Sender]:
    with running_collector(store, door=DoorSettings()) as running:
        yield Sender(running, store)


EVENTS = st.one_of(
    st.integers(0, 60).map(event),
    st.integers(0, 60).map(lambda number: event(number, type="order.cancelled")),
    st.integers(0, 60).map(lambda number: event(number, source="erp")),
    st.sampled_from(
        [event(1, id=""), event(1, time="soon"), "no event", event(1, data=json.loads("[" * 80 + "]" * 80))]
    ),
)
CHANNELS = ("events", "traces", "logs")
PATHS = st.sampled_from(["/v1/events", "/v1/traces", "/v1/logs"])
BROKEN = st.sampled_from([b"{", b"\xff\xff", b"[" * 5000])
REQUESTS = st.one_of(
    st.lists(EVENTS, max_size=6).map(lambda events: ("/v1/events", json.dumps(events).encode(), BATCH, {})),
    EVENTS.map(lambda one: ("/v1/events", json.dumps(one).encode(), STRUCTURED, {})),
    st.tuples(PATHS, BROKEN, st.sampled_from([BATCH, PROTOBUF, "text/plain"]), st.just({})),
    PATHS.map(lambda path: (path, BOMB, BATCH if path == "/v1/events" else PROTOBUF, {"content_encoding": "gzip"})),
    PATHS.map(lambda path: (path, b"[]", PROTOBUF, {"content_encoding": "br"})),
    st.lists(st.sampled_from([GOOD_SPAN, SPAN_WITHOUT_ID]), max_size=5).map(
        lambda spans: ("/v1/traces", otlp_request(*spans).SerializeToString(), PROTOBUF, {})
    ),
    st.lists(st.sampled_from([9, 17, 21]), max_size=5).map(
        lambda severities: ("/v1/logs", log_request(*(record("a", one) for one in severities)), PROTOBUF, {})
    ),
)  # fmt: skip
WHO = st.sampled_from(["sender"] * 6 + ["throttled", "reader", "unknown", "nobody"])
MIX = st.lists(st.tuples(REQUESTS, WHO, st.sampled_from([False] * 5 + [True])), min_size=1, max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mix=MIX)
def test_the_counters_balance_with_each_other_the_answers_and_the_store(
    engine: Engine,
    store: FlickeringStore,
    sender: Sender,
    mix: Sequence[tuple[tuple[str, bytes, str, dict[str, str]], str, bool]],
) -> None:
    for (path, body, content_type, headers), who, is_away in mix:
        sender.send(path, body, content_type, who, is_away=is_away, **headers)

    counted, told = sender.counted(), sender.told
    letters = Counter({row["channel"]: row["n"] for row in rows(engine, store, "dead_letters", "channel")})
    refused = {channel: counted[f"requests_refused_total {channel}"] for channel in CHANNELS}
    kept = {channel: counted[f"dead_letters_total {channel}"] for channel in CHANNELS}

    assert counted["events_received_total"] == (
        counted["events_stored_total"] + counted["events_duplicate_total"] + kept["events"] + refused["events"]
    )
    assert counted["spans_received_total"] == (
        counted["spans_stored_total"]
        + counted["spans_duplicate_total"]
        + counted["spans_rejected_total"]
        + kept["traces"]
        + refused["traces"]
    )
    assert counted["log_records_received_total"] == (
        counted["log_errors_stored_total"]
        + counted["log_errors_duplicate_total"]
        + counted["log_records_passed_total"]
        + kept["logs"]
        + refused["logs"]
    )
    for channel in CHANNELS:
        assert kept[channel] == letters[channel] == told[f"{channel} letters"]
        assert refused[channel] == told[f"{channel} refused"]
    assert counted["events_duplicate_total"] == told["events duplicates"]
    assert counted["events_stored_total"] == told["events stored"] == total(engine, store, "events")
    assert counted["spans_stored_total"] == total(engine, store, "otel_traces")
    assert counted["log_errors_stored_total"] == total(engine, store, "otel_logs")


def rows(engine: Engine, store: Store, table: str, by: str) -> list[dict[str, Any]]:
    return engine.select(store, f"SELECT {by}, count() AS n FROM {table} GROUP BY {by}")


def total(engine: Engine, store: Store, table: str) -> int:
    [row] = engine.select(store, f"SELECT count() AS n FROM {table}")
    found: int = row["n"]
    return found
