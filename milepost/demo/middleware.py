"""The demo's middleware: takes an order to be posted again, has the ERP post it, and does so once per key."""

import contextlib
import json
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from domain.clock import Clock
from domain.instants import format_instant

_PATH = re.compile(r"/orders/([^/]+)/repost")
_LARGEST_BODY = 64 * 1024
Event = dict[str, Any]
# Sends an event to the collector; raises OSError where it does not take it.
Send = Callable[[Event], None]


class DemoMiddleware:
    """A small HTTP server on loopback: POST /orders/ID/repost is answered 202 once the ERP's event is sent.

    `posted` are the orders that were posted so: what the company would have sent of them later is not to come again.
    """

    def __init__(self, clock: Clock, report: Callable[[str], None]) -> None:
        self.posted: set[str] = set()
        self._clock = clock
        self._report = report
        self._send: Send | None = None
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        middleware = self

        class Handler(_Handler):
            owner = middleware

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="demo-middleware", daemon=True)

    @property
    def host(self) -> str:
        """Its host with the port."""
        return f"127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def connect(self, send: Send) -> None:
        """From now on orders are posted; until then calls are answered 503."""
        self._send = send

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def repost(self, order: str, key: str, facts: Event) -> int:
        """The status of the answer to a call."""
        with self._lock:
            if key in self._seen:
                return 202
            if self._send is None:
                return 503
            try:
                self._send(self._event(order, key, facts))
            except OSError:
                return 503
            self._seen.add(key)
            self.posted.add(order)
        self._report(f"middleware: order {order} is posted")
        return 202

    def _event(self, order: str, key: str, facts: Event) -> Event:
        stated = {name: facts[name] for name in ("amount", "currency", "legal_entity") if facts.get(name)}
        event: Event = {
            "specversion": "1.0",
            # The same at every try, so that the collector takes it once.
            "id": f"repost:{key}",
            "source": "erp",
            "type": "order.posted",
            "time": format_instant(self._clock.now()),
            "data": {"objects": [{"type": "order", "id": order}], **stated},
        }
        return {**event, "correlationid": facts["run"]} if facts.get("run") else event


def sending_to(endpoint: str, token: str) -> Send:
    """Sends events to a collector, one at a time."""
    headers = {
        "content-type": "application/cloudevents+json",
        **({"authorization": f"Bearer {token}"} if token else {}),
    }

    def send(event: Event) -> None:
        try:
            # A proxy of the environment knows no way to this machine's loopback.
            with httpx.Client(timeout=10, trust_env=False, headers=headers) as client:
                response = client.post(f"{endpoint.rstrip('/')}/v1/events", content=json.dumps(event).encode())
        except httpx.HTTPError as error:
            raise OSError(str(error)) from error
        if response.status_code != 202:
            raise OSError(f"the collector answered {response.status_code}")

    return send


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; `owner` is set by the middleware it belongs to."""

    owner: DemoMiddleware
    protocol_version = "HTTP/1.1"
    # A client that keeps a connection open and says nothing does not hold a thread for ever.
    timeout = 60

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        path, key = _PATH.fullmatch(self.path), self.headers.get("idempotency-key", "")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._answer(400, "give a body of at most 64 KiB")
            return
        body = self.rfile.read(int(length))
        try:
            facts = json.loads(body)
        except ValueError:
            facts = None
        if path is None:
            self._answer(404, "POST /orders/ID/repost has an order posted")
        elif not key or not isinstance(facts, dict):
            self._answer(400, "give a JSON object and an Idempotency-Key")
        else:
            self._answer(self.owner.repost(unquote(path[1]), key, facts), "")

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the middleware's own line about an order is enough."""

    def _answer(self, status: int, error: str) -> None:
        body = json.dumps({"error": error} if error else {}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def demo_middleware(clock: Clock, report: Callable[[str], None]) -> Iterator[DemoMiddleware]:
    """A running middleware."""
    middleware = DemoMiddleware(clock, report)
    middleware.start()
    try:
        yield middleware
    finally:
        middleware.stop()


@contextlib.contextmanager
def demo_interventions(host: str) -> Iterator[Path]:
    """The demo's interventions.yaml in a folder of its own, with the address that it calls."""
    text = (Path(__file__).parent / "interventions.yaml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="milepost-demo-") as folder:
        path = Path(folder) / "interventions.yaml"
        path.write_text(text.replace("HOST", host), encoding="utf-8")
        yield path
