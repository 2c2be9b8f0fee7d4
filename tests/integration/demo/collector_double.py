"""A collector for tests of the demo: takes events and spans over HTTP, keeps them, and can be told to be busy."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

Event = dict[str, Any]


class CollectorDouble:
    """Answers as a collector does; the first `busy` requests get 503, and a `status` but 200 is all others get."""

    def __init__(self, *, busy: int = 0, status: int = 200) -> None:
        self.events: dict[tuple[str, str], Event] = {}
        self.conflicts = 0
        self.largest_batch = 0
        self.content_types: set[str] = set()
        self.resource_spans: list[ResourceSpans] = []
        self._busy, self._status = busy, status
        self._lock = threading.Lock()
        double = self

        class Handler(_Handler):
            owner = double

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take_events(self, content_type: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            if self._busy > 0:
                self._busy -= 1
                return 503, {"retry-after": "0"}, b""
            if self._status != 200:
                return self._status, {}, b"not here"
            self.content_types.add(content_type)
            batch: list[Event] = json.loads(body)
            self.largest_batch = max(self.largest_batch, len(batch))
            accepted = duplicates = 0
            for event in batch:
                known = self.events.setdefault((event["source"], event["id"]), event)
                accepted, duplicates = accepted + (known is event), duplicates + (known is not event)
                self.conflicts += known != event
        answer = {"accepted": accepted, "duplicates": duplicates, "rejected": []}
        return 200, {"content-type": "application/json"}, json.dumps(answer).encode()

    def take_spans(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        request = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            self.resource_spans.extend(request.resource_spans)
        return 200, {"content-type": "application/x-protobuf"}, b""


class _Handler(BaseHTTPRequestHandler):
    owner: CollectorDouble
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/events":
            status, headers, answer = self.owner.take_events(self.headers["content-type"], body)
        else:
            status, headers, answer = self.owner.take_spans(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: tests look at what was taken."""
