"""Things that stand in for the world outside, and really behave like it."""

import json
import queue
import random
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from domain.errors import StoreUnreachable
from storage.client import PATIENCE_SECONDS, Store


@dataclass(frozen=True, slots=True)
class Answer:
    """How a webhook receiver treats one request: a status, or silence, or a broken connection."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    silent: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """One request as the receiver saw it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)

    def firing(self) -> set[str]:
        """The object ids of the alerts that the message says are firing."""
        return self._objects("firing")

    def resolved(self) -> set[str]:
        """The object ids of the alerts that the message says are over."""
        return self._objects("resolved")

    def _objects(self, status: str) -> set[str]:
        return {one["labels"]["object_id"] for one in self.json["alerts"] if one["status"] == status}


class WebhookReceiver:
    """A webhook on loopback that keeps every request and answers as told, 200 when told nothing."""

    def __init__(self) -> None:
        self._received: queue.Queue[Received] = queue.Queue()
        self._answers: deque[Answer] = deque()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def answers(self, *answers: Answer) -> None:
        """Treats the next requests so, one each."""
        self._answers.extend(answers)

    def recovers(self) -> None:
        """Answers 200 from now on; what it refused before is not kept."""
        self._answers.clear()
        while not self.is_quiet():
            self._received.get_nowait()

    def next(self, timeout: float = 10.0) -> Received:
        """The oldest request not yet looked at; fails the test when none comes in time."""
        try:
            return self._received.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"the webhook received nothing within {timeout:g} s") from None

    def is_quiet(self) -> bool:
        """Whether every request has been looked at."""
        return self._received.empty()

    def close(self) -> None:
        """Ends, silent requests included."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = receiver._answers.popleft() if receiver._answers else Answer()
                receiver._received.put(Received(self.path, dict(self.headers), body))
                if answer.silent:
                    receiver._closing.wait()
                if answer.silent or answer.reset:
                    self._reset()
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def _reset(self) -> None:
                # No lingering: the peer gets RST instead of an orderly end.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: the test looks at what was received."""

        return Handler


@contextmanager
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """A webhook receiver for the length of a block."""
    receiver = WebhookReceiver()
    try:
        yield receiver
    finally:
        receiver.close()


class NoPause(random.Random):
    """Chance that always takes the shortest pause it may: none."""

    def uniform(self, a: float, b: float) -> float:
        return 0.0


class BreakingStore(Store):
    """Answers until so many inserts were made, then breaks off: in the middle of the next, or right after it."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.inserts_left: int | None = None
        self.breaks_after = False

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        self._break_or(lambda: super(BreakingStore, self).insert(table, body, fmt, settings, seconds))

    def insert_columns(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        self._break_or(lambda: super(BreakingStore, self).insert_columns(table, columns))

    def _break_or(self, insert: Callable[[], None]) -> None:
        if self.inserts_left == 0:
            if self.breaks_after:
                insert()
            raise StoreUnreachable("broken off")
        if self.inserts_left is not None:
            self.inserts_left -= 1
        insert()
