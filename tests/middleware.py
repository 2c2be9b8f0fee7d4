"""A middleware on loopback: does what it is asked to once per idempotency key, and answers as it is told."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Reply:
    """How one request is treated: `applies` says whether its effect takes place before the answer, or instead of it."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    applies: bool = True
    silent: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the middleware saw it."""

    method: str
    path: str
    key: str
    headers: Mapping[str, str]
    body: Any


class Middleware:
    """Takes requests in threads; `effects` are the keys whose effect took place, in order, each once."""

    def __init__(
        self,
        on_effect: Callable[[Asked], None] = lambda asked: None,
        on_request: Callable[[Asked], None] = lambda asked: None,
    ) -> None:
        """`on_request` runs before anything is done, `on_effect` with each effect."""
        self.asked: list[Asked] = []
        self.effects: list[Asked] = []
        self._on_effect, self._on_request = on_effect, on_request
        self._replies: deque[Reply] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def host(self) -> str:
        """Its host with the port, as `hosts` names it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def replies(self, *replies: Reply) -> None:
        """Treats the next requests so, one each; afterwards as before."""
        self._replies.extend(replies)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, asked: Asked) -> Reply:
        self._on_request(asked)
        with self._lock:
            self.asked.append(asked)
            reply = self._replies.popleft() if self._replies else Reply()
            is_new = asked.key not in {one.key for one in self.effects}
            if reply.applies and is_new:
                self.effects.append(asked)
        if reply.applies and is_new:
            self._on_effect(asked)
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        middleware = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = Asked(
                    self.command,
                    self.path,
                    self.headers.get("Idempotency-Key", ""),
                    {name.lower(): value for name, value in self.headers.items()},
                    json.loads(raw) if raw else None,
                )
                reply = middleware._take(asked)
                if reply.silent:
                    middleware._closing.wait(30)
                    return
                if reply.reset:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            do_PUT = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Silent: tests look at what was asked."""

        return Handler
