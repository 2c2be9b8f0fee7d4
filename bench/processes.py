"""The two processes of a benchmark: the collector under test and the one that loads it, each by its own pipe."""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import clickhouse_connect
from prometheus_client import CollectorRegistry

from bench.correlating import Correlating
from bench.load import Sent, send
from bench.traffic import Request, event_batches, single_events, span_bodies
from collector.app import Collector
from collector.contract_definitions import SHIPPED as CONTRACTS
from collector.contract_definitions import load_contracts
from collector.contract_door import ContractDoor
from domain.clock import SystemClock
from domain.contract import Contracts
from milepost.collection import collect_rarely
from milepost.http_server import HttpServer, bind
from storage.client import DEFAULT_DATABASE, Store
from storage.migrator import migrate
from storage.sql_files import parse_query

_QUERIES = Path(__file__).parent / "queries"
# chDB hangs in a forked child.
_spawn = multiprocessing.get_context("spawn")
_PATIENCE_SECONDS = 120


class Peer:
    """The far end of a pipe: answers one question at a time, and an error there is raised here."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def ask(self, question: str, *arguments: Any) -> Any:
        """The answer; TimeoutError when there is none in two minutes."""
        self._pipe.send((question, arguments))
        return self.answer()

    def answer(self) -> Any:
        """The next thing the far end says."""
        if not self._pipe.poll(_PATIENCE_SECONDS):
            raise TimeoutError("a benchmark's process does not answer")
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


class CollectorProcess(Peer):
    """A collector with a store of its own."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__(pipe)
        self.port: int = self.answer()

    def select(self, query: str) -> dict[str, Any]:
        """The one row that bench/queries/<query>.sql answers about the collector's store."""
        row: dict[str, Any] = self.ask("select", query)
        return row

    def resident_bytes(self) -> int:
        """How much memory the process holds just now."""
        held: int = self.ask("resident")
        return held

    def cpu_seconds(self) -> float:
        """Processor time the process has used, all threads."""
        used: float = self.ask("cpu")
        return used

    def catch_up(self) -> None:
        """Returns when all that was acknowledged is correlated; only with a correlator."""
        self.ask("catch_up")


class LoadProcess(Peer):
    """Prepares requests, then sends them."""

    def prepare_batches(self, prefix: str, batches: int, events_a_batch: int) -> None:
        self.ask("batches", prefix, batches, events_a_batch)

    def prepare_singles(self, prefix: str, count: int) -> None:
        self.ask("singles", prefix, count)

    def prepare_spans(self, prefix: int, bodies: int, spans_a_body: int) -> None:
        self.ask("spans", prefix, bodies, spans_a_body)

    def send(self, port: int, connections: int, most_seconds: float) -> Sent:
        sent: Sent = self.ask("send", port, connections, most_seconds, None)
        return sent

    def begin_paced(self, port: int, connections: int, most_seconds: float, requests_a_second: float) -> None:
        """Begins to send so many requests a second; the answer is what was sent."""
        self._pipe.send(("send", (port, connections, most_seconds, requests_a_second)))


@contextmanager
def collector_process(folder: Path, *, governed: bool = True, correlating: bool = False) -> Iterator[CollectorProcess]:
    """A running collector with an empty store in `folder`, with or without the shipped contracts and a correlator."""
    with spawned(_run_collector, str(folder), governed, correlating) as pipe:
        yield CollectorProcess(pipe)


@contextmanager
def load_process() -> Iterator[LoadProcess]:
    """A process that can load a collector."""
    with spawned(_run_load) as pipe:
        yield LoadProcess(pipe)


@contextmanager
def spawned(target: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """A process of its own that runs `target` with the far end of the pipe given here."""
    here, there = _spawn.Pipe()
    process = _spawn.Process(target=target, args=(there, *arguments), daemon=True)
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join(30)
        if process.is_alive():
            process.kill()
            process.join()


def shipped_contracts() -> Contracts:
    """The contracts of a Milepost that nobody has configured."""
    return load_contracts(CONTRACTS).contracts


def contract_door(contracts: Contracts) -> ContractDoor:
    """The contracts applied as in a running Milepost."""
    return ContractDoor(contracts, b"a key for the benchmark alone")


def _run_collector(pipe: Connection, folder: str, governed: bool, correlating: bool) -> None:
    clock = SystemClock()
    contracts = shipped_contracts() if governed else Contracts()
    with Store(f"chdb://{folder}") as store:
        migrate(store, clock.now())
        collector = Collector(store, clock, CollectorRegistry(), [], contract_door(contracts))
        collector.start()
        correlator = Correlating(store, contracts, collector.writer.settled_through) if correlating else None
        listening = bind("127.0.0.1", 0, "the benchmark's port")
        server = HttpServer(collector.app, listening, "collector")
        server.start()
        collect_rarely()
        pipe.send(listening.getsockname()[1])
        reader = clickhouse_connect.get_client(dsn=f"chdb://{folder}", database=DEFAULT_DATABASE)

        def select(query: str) -> dict[str, Any]:
            text = parse_query(query, (_QUERIES / f"{query}.sql").read_text(encoding="utf-8")).text
            result = reader.query(text)
            return dict(zip(result.column_names, result.result_rows[0], strict=True))

        answers: dict[str, Callable[..., Any]] = {"select": select, "resident": _resident_bytes, "cpu": _cpu_seconds}
        if correlator:
            answers["catch_up"] = correlator.catch_up
        try:
            _serve(pipe, answers)
        finally:
            if correlator:
                correlator.stop()
            reader.close()
            server.stop()
            collector.stop()


def _run_load(pipe: Connection) -> None:
    prepared: list[Request] = []

    def batches(prefix: str, count: int, events_a_batch: int) -> None:
        prepared[:] = event_batches(prefix, count, events_a_batch)

    def singles(prefix: str, count: int) -> None:
        prepared[:] = single_events(prefix, count)

    def spans(prefix: int, bodies: int, spans_a_body: int) -> None:
        prepared[:] = span_bodies(prefix, bodies, spans_a_body)

    def send_prepared(port: int, connections: int, most_seconds: float, requests_a_second: float | None) -> Sent:
        return send(port, connections, prepared, most_seconds, requests_a_second)

    _serve(pipe, {"batches": batches, "singles": singles, "spans": spans, "send": send_prepared})


def _serve(pipe: Connection, answers: dict[str, Callable[..., Any]]) -> None:
    while True:
        try:
            question, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(answers[question](*arguments))
        except Exception as error:  # noqa: BLE001 - it is raised at the other end
            pipe.send(error)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
