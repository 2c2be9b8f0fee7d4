"""A collector whose server is away at its start: what comes is spooled, and stored once the server is there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector import spooling
from collector.access import DoorSettings
from collector.spooling import SpoolSettings
from collector.tokens import issue_token, revoke_token
from domain.clock import FixedClock
from domain.errors import MigrationError, StoreError
from milepost import store_arrival
from storage.client import Store, encode_rows
from storage.migrator import migrate
from tests.acceptance.program import free_port
from tests.builders import NOW, otlp_request, span
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine
from tests.integration.collector.log_requests import log_request, record
from tests.integration.collector.running import RunningCollector, event, running_collector
from tests.waiting import eventually

pytestmark = pytest.mark.clickhouse_server
PROTOBUF = "application/x-protobuf"
DATABASE = "arrives_late"
NEWER = {"name": "9999_of_a_newer_program", "digest": "0" * 64, "applied_at": NOW}


class Place:
    """Where a server will be, and a collector that knows no more than that."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self._folder = engine, folder
        self.port = free_port()
        self.spool = SpoolSettings(folder, 64 * 1024 * 1024)

    @contextmanager
    def collector(self, **door: Any) -> Iterator[RunningCollector]:
        dsn = f"clickhouse://default:right@127.0.0.1:{self.port}/{DATABASE}"
        with (
            Store(dsn, asks_now=False) as store,
            running_collector(store, door=DoorSettings(**door), spool=self.spool, awaits_store=True) as running,
        ):
            yield running

    @contextmanager
    def server(self, password: str = "right") -> Iterator[None]:
        with serving(ClickHouseEndpoint(self.engine.folder, port=self.port, password=password)):
            yield

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The same store from inside the engine."""
        with Store(self.engine.dsn(DATABASE)) as store:
            yield store

    def figures(self) -> dict[str, Any]:
        with self.store() as store:
            return {
                table: [
                    row["id"] for row in self.engine.select(store, f"SELECT {column} AS id FROM {table} ORDER BY id")
                ]
                for table, column in (("events", "event_id"), ("otel_traces", "SpanName"), ("otel_logs", "Body"))
            }


@pytest.fixture
def place(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(spooling, "DRAIN_SECONDS", 0.02)
    monkeypatch.setattr(store_arrival, "RETRY_SECONDS", 0.02)
    yield Place(engine, tmp_path / "spool")
    engine.drop(DATABASE)


def send(collector: RunningCollector, number: int) -> list[int]:
    """One event, one span and one error, and how they were answered."""
    spans = otlp_request(span(name=f"s-{number}", span_id=bytes([number]) * 8)).SerializeToString()
    return [
        collector.send(event(number)).status_code,
        collector.post(spans, PROTOBUF, "/v1/traces").status_code,
        collector.post(log_request(record(f"l-{number}")), PROTOBUF, "/v1/logs").status_code,
    ]


def is_ready(collector: RunningCollector) -> bool:
    return bool(collector.http.get("/readyz").json() == {"status": "ready"})


def test_what_comes_before_the_server_is_stored_once_when_it_is_there(place: Place) -> None:
    for _ in range(2):
        # The second knows nothing of the first but what is in the spool, and both are sent the same.
        with place.collector() as collector:
            assert collector.http.get("/healthz").status_code == 200
            assert send(collector, 1) == [202, 200, 200]
            assert send(collector, 2) == [202, 200, 200]
            ready = collector.http.get("/readyz")
            assert (ready.status_code, ready.json()["status"], ready.json()["store"]) == (200, "spooling", "away")
            assert "Connection refused" in ready.json()["reason"]
            assert ready.json()["spool_bytes"] > 0

    with place.collector() as collector:
        send(collector, 1)
        with place.server():
            eventually(lambda: is_ready(collector), "it is ready")
            assert place.figures() == {
                "events": ["e-1", "e-2"],
                "otel_traces": ["s-1", "s-2"],
                "otel_logs": ["l-1", "l-2"],
            }
            assert send(collector, 3) == [202, 200, 200]
            assert place.figures()["events"] == ["e-1", "e-2", "e-3"]
            assert collector.total("events_received_total") == 6
            assert collector.total("events_duplicate_total") == 3
            assert collector.total("spans_received_total") == collector.total("log_records_received_total") == 6
            assert collector.total("spans_duplicate_total") == collector.total("log_errors_duplicate_total") == 3


def test_what_was_stored_before_the_start_is_known_for_stored(place: Place) -> None:
    with place.server(), place.collector() as collector:
        assert send(collector, 1) == [202, 200, 200]
    with place.collector() as collector:
        assert collector.send(event(1)).status_code == 202
        assert collector.send(event(1, type="order.cancelled")).status_code == 202
        with place.server():
            eventually(lambda: is_ready(collector), "it is ready")
            assert place.figures()["events"] == ["e-1"]
            assert [letter["code"] for letter in collector.letters()] == ["conflict"]
            assert (collector.total("events_received_total"), collector.total("events_duplicate_total")) == (2, 1)


def refuse_password(place: Place, trouble: ExitStack) -> None:
    trouble.enter_context(place.server(password="other"))


def have_newer_schema(place: Place, trouble: ExitStack) -> None:
    with place.store() as store:
        migrate(store, NOW)
        store.insert("schema_migrations", encode_rows([NEWER]))
    trouble.enter_context(place.server())


@pytest.mark.parametrize(
    ("trouble", "error", "reason"),
    [
        pytest.param(refuse_password, StoreError, "Authentication failed", id="a password that is wrong"),
        pytest.param(
            have_newer_schema, MigrationError, "which this program does not know", id="the schema of a newer program"
        ),
    ],
)
def test_a_server_that_is_there_and_not_right_fails_the_start_and_later_is_told(
    place: Place, trouble: Any, error: type[Exception], reason: str
) -> None:
    with ExitStack() as troubled:
        trouble(place, troubled)
        with pytest.raises(error, match=reason), place.collector():
            pass
    place.engine.drop(DATABASE)

    with place.collector() as collector:
        assert send(collector, 1) == [202, 200, 200]
        with ExitStack() as troubled:
            trouble(place, troubled)
            eventually(lambda: collector.http.get("/readyz").status_code == 503, "it is not ready")
            state = collector.http.get("/readyz").json()
            assert (state["status"], state["store"]) == ("not ready", "refuses")
            assert reason in state["reason"]
            assert send(collector, 2) == [202, 200, 200]
            if trouble is have_newer_schema:
                with place.store() as store:
                    place.engine.select(store, f"DELETE FROM schema_migrations WHERE name = '{NEWER['name']}'")
        with place.server():
            eventually(lambda: is_ready(collector), "it is ready")
            assert place.figures()["events"] == ["e-1", "e-2"]


def test_an_exposed_door_puts_off_who_cannot_be_known_yet_and_knows_again_who_was(place: Place) -> None:
    def sent(collector: RunningCollector, token: str, number: int) -> int:
        return collector.http.post(
            "/v1/events",
            json=event(number),
            headers={"content-type": "application/cloudevents+json", "authorization": f"Bearer {token}"},
        ).status_code

    unknown = f"mp_{'0' * 12}_{'x' * 43}"
    with place.collector(is_exposed=True) as collector:
        answer = collector.post(b"{}", "application/json", authorization=f"Bearer {unknown}")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
            503,
            "tokens_unknown",
            "5",
        )
        with place.server():
            eventually(lambda: is_ready(collector), "it is ready")
            with place.store() as store:
                good = issue_token(store, FixedClock(NOW), "crm", scopes=["events"], sources=["*"])
                revoked = issue_token(store, FixedClock(NOW), "old", scopes=["events"], sources=["*"])
                revoke_token(store, FixedClock(NOW), "old")
            collector.collector.tokens.refresh()
            assert sent(collector, good, 1) == 202

    kept = place.spool.folder / "tokens.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert good.rpartition("_")[2] not in kept.read_text(encoding="utf-8")
    with place.collector() as collector:
        assert [sent(collector, token, 2) for token in (good, revoked, unknown)] == [202, 401, 401]
    kept.write_text("[{", encoding="utf-8")
    with place.collector(is_exposed=True) as collector:
        assert sent(collector, good, 3) == 503
