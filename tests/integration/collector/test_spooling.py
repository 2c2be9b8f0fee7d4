"""While a server store is away what comes is acknowledged from the spool, and stored once when it answers again."""

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector import spooling, writer
from collector.access import DoorSettings
from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.spooling import SpoolSettings
from collector.tokens import new_operator_token
from domain.errors import StoreUnreachable
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from tests.builders import otlp_request, span
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine
from tests.integration.collector.log_requests import log_request, record
from tests.integration.collector.running import RunningCollector, event, running_collector
from tests.waiting import eventually

pytestmark = pytest.mark.clickhouse_server
PROTOBUF = "application/x-protobuf"
SPANS = otlp_request(span(name="one", span_id=b"1" * 8), span(name="two", span_id=b"2" * 8)).SerializeToString()
LOGS = log_request(record("failed"), record("fine", 9), record("undated", time_unix_nano=0))
BINARY = {"ce_specversion": "1.0", "ce_id": "b-1", "ce_source": "erp", "ce_type": "order.posted"}


class Site:
    """A server that comes and goes, and a collector with a spool on it."""

    def __init__(self, engine: Engine, database: str, folder: Path) -> None:
        self.engine, self.database, self.folder = engine, database, folder
        self._port = 0
        self._serving = ExitStack()

    def come(self, delay_seconds: float = 0.0) -> None:
        """The server answers from now on, at the port it always had."""
        endpoint = self._serving.enter_context(
            serving(ClickHouseEndpoint(self.engine.folder, port=self._port, delay_seconds=delay_seconds))
        )
        self._port, self._dsn = endpoint.server_port, endpoint.dsn(self.database)

    def go(self) -> None:
        """The server answers no longer."""
        self._serving.close()

    @contextmanager
    def collector(self, limit_bytes: int = 64 * 1024 * 1024, **door: Any) -> Iterator[RunningCollector]:
        with (
            Store(self._dsn) as store,
            running_collector(
                store, door=DoorSettings(**door), spool=SpoolSettings(self.folder, limit_bytes)
            ) as running,
        ):
            yield running

    def select(self, query: str) -> list[dict[str, Any]]:
        with Store(self.engine.dsn(self.database)) as store:
            return self.engine.select(store, query)

    def figures(self) -> dict[str, Any]:
        """What is stored, by table."""
        return {
            "events": [row["event_id"] for row in self.select("SELECT event_id FROM events ORDER BY event_id")],
            "spans": [row["SpanName"] for row in self.select("SELECT SpanName FROM otel_traces ORDER BY SpanName")],
            "logs": [row["Body"] for row in self.select("SELECT Body FROM otel_logs ORDER BY Body")],
            "letters": [row["code"] for row in self.select("SELECT code FROM dead_letters ORDER BY code")],
        }


@pytest.fixture
def site(engine: Engine, migrated_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(spooling, "DRAIN_SECONDS", 0.02)
    engine.clear(migrated_database)
    site = Site(engine, migrated_database, tmp_path / "spool")
    site.come()
    yield site
    site.go()


def send_everything(collector: RunningCollector) -> list[int]:
    """Requests of every kind, and the status of each."""
    mixed = [event(2), event(3, id=""), event(4)]
    responses = [
        collector.send(event(1)),
        collector.send(event(1, type="order.cancelled")),
        collector.post(json.dumps(mixed).encode(), BATCH),
        collector.post(b"\x00\xff", "image/png", **BINARY),
        collector.post(b"not JSON", STRUCTURED),
        collector.post(SPANS, PROTOBUF, "/v1/traces"),
        collector.post(b"\xff", PROTOBUF, "/v1/traces"),
        collector.post(LOGS, PROTOBUF, "/v1/logs"),
        collector.post(b"\xff", PROTOBUF, "/v1/logs"),
    ]
    return [response.status_code for response in responses]


EVERYTHING = {
    "events": ["b-1", "e-0", "e-1", "e-2", "e-4"],
    "spans": ["one", "two"],
    "logs": ["failed", "undated"],
    "letters": ["conflict", "invalid_json", "invalid_protobuf", "invalid_protobuf", "missing_id"],
}


def is_drained(collector: RunningCollector) -> bool:
    return collector.total("spool_bytes") == 0


def test_what_comes_while_the_store_is_away_is_acknowledged_and_stored_once(site: Site) -> None:
    with site.collector() as collector:
        assert collector.send(event(0)).status_code == 202
        site.go()

        # A conflict is not known for one while nobody can ask: it becomes a dead letter when it is.
        assert send_everything(collector) == [202, 202, 200, 202, 400, 200, 400, 200, 400]
        ready = collector.http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "spooling")
        assert ready.json()["spool_bytes"] == collector.total("spool_bytes") > 0

        site.come()
        eventually(lambda: is_drained(collector), "the spool is empty")
        assert collector.http.get("/readyz").json() == {"status": "ready"}
        assert site.figures() == EVERYTHING
        assert collector.total("events_received_total") == (
            collector.total("events_stored_total")
            + collector.total("events_duplicate_total")
            + sum(1 for letter in collector.letters() if letter["channel"] == "events")
        )
        assert collector.total("log_records_received_total") == 4
        assert collector.total("log_errors_stored_total") == 2
        assert collector.total("log_records_passed_total") == 1
        assert collector.total("requests_refused_total") == 0
        assert collector.send(event(9)).status_code == 202
    assert list(site.folder.rglob("*.segment")) == []


def test_what_is_left_is_stored_by_the_next_process_and_a_drain_may_be_repeated(site: Site, tmp_path: Path) -> None:
    with site.collector() as collector:
        collector.send(event(0))
        site.go()
        send_everything(collector)
    # A kill right before a segment is deleted leaves what is stored in the folder.
    shutil.copytree(site.folder, tmp_path / "copy")
    site.come()

    with site.collector() as collector:
        eventually(lambda: is_drained(collector), "the spool is empty")
    once = site.figures()
    shutil.rmtree(site.folder)
    shutil.copytree(tmp_path / "copy", site.folder)
    with site.collector() as collector:
        eventually(lambda: is_drained(collector), "the spool is empty again")

    assert site.figures() == once == EVERYTHING


def test_a_full_spool_is_answered_503_and_takes_again_when_there_is_room(site: Site) -> None:
    with site.collector(limit_bytes=2_000) as collector:
        collector.send(event(0))
        site.go()
        answers = [collector.send(event(number)) for number in range(1, 20)]
        refused = [answer for answer in answers if answer.status_code == 503]
        assert answers[0].status_code == 202
        assert refused
        assert {answer.headers["retry-after"] for answer in refused} == {"5"}
        reason = "the store is away and the spool of 2000 bytes is full"
        assert refused[0].json() == {"code": "unavailable", "reason": reason}
        assert collector.total("requests_refused_total") == len(refused)

        site.come()
        eventually(lambda: is_drained(collector), "the spool is empty")
        assert len(site.figures()["events"]) == 1 + len(answers) - len(refused)
        assert collector.send(event(30)).status_code == 202


def test_an_event_sent_again_through_the_spool_is_stored_once(site: Site) -> None:
    with site.collector() as collector:
        collector.send(event(1))
        site.go()
        assert [collector.send(event(number)).status_code for number in (1, 2, 2)] == [202] * 3
        site.come()
        eventually(lambda: is_drained(collector), "the spool is empty")

        assert site.figures() == {"events": ["e-1", "e-2"], "spans": [], "logs": [], "letters": []}
        assert collector.total("events_duplicate_total") == 2


def test_letters_whose_insert_got_no_answer_are_kept_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    unanswered: list[DeadLetter] = []

    def insert_and_hear_nothing(store: Store, letters: Sequence[DeadLetter]) -> None:
        insert_dead_letters(store, letters)
        if not unanswered:
            unanswered.extend(letters)
            raise StoreUnreachable("the connection broke off")

    monkeypatch.setattr(writer, "insert_dead_letters", insert_and_hear_nothing)
    with site.collector() as collector:
        conflict = event(1, type="order.cancelled")
        batch = [event(1), conflict, event(2, id=""), event(3, id="")]
        assert collector.post(json.dumps(batch).encode(), BATCH).status_code == 200
        eventually(lambda: is_drained(collector), "the spool is empty")

        assert len(unanswered) == 3
        letters = ["conflict", "missing_id", "missing_id"]
        assert site.figures() == {"events": ["e-1"], "spans": [], "logs": [], "letters": letters}


def test_a_slow_store_is_caught_up_with_while_more_comes(site: Site) -> None:
    sent: list[str] = []
    enough = threading.Semaphore(0)
    is_over = threading.Event()

    def send_steadily(client: int, collector: RunningCollector) -> None:
        for number in range(100_000):
            if is_over.is_set():
                return
            name = f"{client}-{number}"
            span_id = (client * 100_000 + number + 1).to_bytes(8, "big")
            body = otlp_request(span(name=name, span_id=span_id)).SerializeToString()
            failed = log_request(record(name, time_unix_nano=number + 1))
            assert collector.post(body, PROTOBUF, "/v1/traces").status_code == 200
            assert collector.post(failed, PROTOBUF, "/v1/logs").status_code == 200
            sent.append(name)
            enough.release()

    with site.collector() as collector, ThreadPoolExecutor(4) as pool:
        site.go()
        senders = [pool.submit(send_steadily, client, collector) for client in range(4)]
        try:
            for _ in range(200):
                assert enough.acquire(timeout=30)
            assert not is_drained(collector)
            site.come(delay_seconds=0.05)
            eventually(lambda: is_drained(collector), "the spool is empty though more comes")
        finally:
            is_over.set()
        for sender in senders:
            sender.result()
        eventually(lambda: is_drained(collector), "the spool is empty")
        counts = [collector.total(f"{name}_duplicate_total") for name in ("spans", "log_errors")]
    figures = site.figures()
    assert figures["spans"] == figures["logs"] == sorted(sent)
    assert counts == [0, 0]


def test_no_token_is_written_into_the_spool(site: Site) -> None:
    operator = new_operator_token()
    with site.collector(operator=operator) as collector:
        site.go()
        sent = collector.post(json.dumps(event(1)).encode(), STRUCTURED, authorization=f"Bearer {operator}")

        assert sent.status_code == 202
        [segment] = site.folder.rglob("*.segment")
        assert b"e-1" in segment.read_bytes()
        assert operator.encode() not in segment.read_bytes()


def test_an_embedded_store_has_no_spool(embedded_store: Store, tmp_path: Path) -> None:
    with running_collector(embedded_store, spool=SpoolSettings(tmp_path / "spool", 1000)) as collector:
        assert collector.send(event(1)).status_code == 202

    assert not (tmp_path / "spool").exists()
