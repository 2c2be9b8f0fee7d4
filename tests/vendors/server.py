"""The HTTP server that all vendors share: it answers as the vendor does, or as the test says."""

import json
import queue
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs

Reply = tuple[int, object]


@dataclass(frozen=True, slots=True)
class Request:
    """What a vendor was sent."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Script:
    """How to treat one request instead: a status, silence, or a connection that breaks before or in the answer.

    A dripping answer comes byte by byte and does not end.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    silent: bool = False
    reset: bool = False
    breaks_off: bool = False
    echoes: bool = False
    drips: bool = False


class Vendor(ABC):
    """Keeps every request; one that the vendor's schema forbids is refused with 400 and noted in `violations`."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self._received: queue.Queue[Request] = queue.Queue()
        self._scripts: deque[Script] = deque()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """What the vendor says to a request, as status and JSON or text; ValueError where its schema forbids it."""

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(self, *scripts: Script) -> None:
        """Treats the next requests so, one each."""
        self._scripts.extend(scripts)

    def requests(self) -> list[Request]:
        """The requests not yet looked at, oldest first."""
        found = []
        while not self._received.empty():
            found.append(self._received.get())
        return found

    def close(self) -> None:
        """Ends, silent requests included."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


V = TypeVar("V", bound=Vendor)


@contextmanager
def serving(make: Callable[[], V]) -> Iterator[V]:
    """A vendor for the length of a block."""
    vendor = make()
    try:
        yield vendor
    finally:
        vendor.close()


def check(schema: Mapping[str, object], body: object) -> None:
    """ValueError with the first thing that the schema forbids."""
    for error in jsonschema_rs.validator_for(dict(schema)).iter_errors(body):
        raise ValueError(f"{'/'.join(map(str, error.instance_path))}: {error.message}"[:500])


class _Handler(BaseHTTPRequestHandler):
    """Treats requests as the vendor's script says, else as the vendor does."""

    protocol_version = "HTTP/1.1"
    vendor: Vendor

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
        self.vendor._received.put(request)
        if self.vendor._scripts:
            self._follow(self.vendor._scripts.popleft(), request)
            return
        try:
            self._say(*self.vendor.answer(request))
        except ValueError as error:
            self.vendor.violations.append(str(error))
            self._say(400, {"error": str(error)})

    do_PUT = do_POST

    def _follow(self, script: Script, request: Request) -> None:
        if script.silent:
            self.vendor._closing.wait()
        if script.silent or script.reset:
            self._reset()
            return
        body = f"{self.path} {request.headers} {request.body!r}".encode() if script.echoes else script.body
        unfinished = script.breaks_off or script.drips
        self._say(script.status, body, script.headers, missing=1_000_000 if unfinished else 0)
        if script.drips:
            with suppress(OSError):
                while not self.vendor._closing.wait(0.02):
                    self.wfile.write(b" ")
        if unfinished:
            self._reset()

    def _say(self, status: int, body: object, headers: Mapping[str, str] | None = None, *, missing: int = 0) -> None:
        raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else _json(body)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw) + missing))
        self.end_headers()
        self.wfile.write(raw)

    def _reset(self) -> None:
        # No lingering: the peer gets RST instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the test looks at what was received."""


def _handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"vendor": vendor})


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
