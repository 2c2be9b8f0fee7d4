"""A webhook receiver that keeps what it is sent, in the order it came, and may do something at the next request."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request: the path it came to, the id of the notification, its text, and how it was answered."""

    path: str
    notification_id: str
    body: str
    status: int

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The alerts in the message."""
        alerts: list[dict[str, Any]] = json.loads(self.body)["alerts"]
        return alerts


class RecordingReceiver:
    """Answers 200, and on /failing 500 to the first try of each notification."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._tries: Counter[str] = Counter()
        self._before_answer: Callable[[], None] | None = None
        self._after_answer: Callable[[], None] | None = None
        self.url = ""

    def at_next(self, act: Callable[[], None], *, before_answer: bool) -> None:
        """Calls `act` once, when the next request has come or was answered."""
        with self._lock:
            if before_answer:
                self._before_answer = act
            else:
                self._after_answer = act

    def received(self, path: str) -> list[Received]:
        """What came to a path and was answered 200."""
        with self._lock:
            return [one for one in self._received if one.path == path and one.status == 200]

    def take(self, path: str, notification_id: str, body: str, answer: Callable[[int], None]) -> None:
        """Keeps a request and answers it; what is to happen in between happens."""
        with self._lock:
            self._tries[path + notification_id] += 1
            status = 500 if path == "/failing" and self._tries[path + notification_id] == 1 else 200
            before, self._before_answer = self._before_answer, None
        if before is not None:
            before()
        with self._lock:
            # Taken even if nobody waits for the answer any more: that is what makes senders repeat themselves.
            self._received.append(Received(path, notification_id, body, status))
            after, self._after_answer = self._after_answer, None
        answer(status)
        if after is not None:
            after()


@contextmanager
def recording_receiver() -> Iterator[RecordingReceiver]:
    """A receiver on loopback."""
    receiver = RecordingReceiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                # Its sender died in the middle of it.
                self.close_connection = True
                return
            receiver.take(self.path, self.headers["x-milepost-notification-id"], body.decode(), self._answer)

        def _answer(self, status: int) -> None:
            try:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: what came is kept."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever sent is gone."""

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(timeout=10)
