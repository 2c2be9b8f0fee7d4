"""A small ClickHouse server for the tests: its HTTP interface on loopback, answered by the embedded engine.

Every statement really runs. Left out: sessions, roles, progress headers, external data, and newer revisions
of the Native format (the driver asks, and falls back).
https://clickhouse.com/docs/interfaces/http
"""

import base64
import gzip
import json
import re
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import chdb
import lz4.frame
import zstandard

# What the HTTP interface itself takes from the URL; any other name is a setting of the query.
_NOT_SETTINGS = {
    *("client_protocol_version", "database", "password", "query"),
    *("query_id", "session_id", "user", "wait_end_of_query"),
}
_TRAILING_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT_OF_DATA = re.compile(rb"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)[ \t]*\r?\n(.*)", re.IGNORECASE | re.DOTALL)
_connect: Callable[[str], Any] = chdb.connect
_CODE = re.compile(r"Code: (\d+)\.")
_AUTHENTICATION_FAILED = 516
# How the server's HTTP handler maps error codes that are not plain 500.
_STATUS = {
    **dict.fromkeys((36, 38, 41, 43, 53, 62, 70, 117), HTTPStatus.BAD_REQUEST),
    **dict.fromkeys((46, 47, 60, 81), HTTPStatus.NOT_FOUND),
    _AUTHENTICATION_FAILED: HTTPStatus.FORBIDDEN,
}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "zstd": lambda body: zstandard.ZstdCompressor().compress(body),
    "gzip": gzip.compress,
}


class ClickHouseEndpoint(ThreadingHTTPServer):
    """Serves the engine at `folder` on loopback, at a free port unless told one; `user` needs `password`.

    Each answer takes `delay_seconds` longer than the engine does, as one from afar.
    """

    daemon_threads = True
    # Beyond the default backlog of 5 the kernel drops connections that many threads open at once.
    request_queue_size = 128

    def __init__(
        self, folder: Path, *, port: int = 0, user: str = "default", password: str = "", delay_seconds: float = 0.0
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._connections: set[socket.socket] = set()
        self.folder = folder
        self.user, self.password = user, password
        self.delay_seconds = delay_seconds

    def dsn(self, database: str) -> str:
        """What to give to a Store."""
        password = quote(self.password, safe="")
        return f"clickhouse://{self.user}:{password}@127.0.0.1:{self.server_port}/{database}"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Frees the port and cuts the connections that clients keep open, as a server that goes away does."""
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def admits(self, user: str, password: str) -> bool:
        """Whether these credentials may ask anything."""
        return (user, password) == (self.user, self.password)


@contextmanager
def serving(endpoint: ClickHouseEndpoint) -> Iterator[ClickHouseEndpoint]:
    """The endpoint while it answers; stopped and its port freed afterwards."""
    thread = threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.shutdown()
        thread.join()
        endpoint.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ClickHouseEndpoint
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; else the second waits 40 ms for the client's delayed ACK.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._reply(HTTPStatus.OK, b"Ok.\n", {})
        else:
            self._answer()

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a failing test shows the client's error."""

    def _answer(self) -> None:
        params = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self._read_body()
        if encoding := self.headers.get("Content-Encoding"):
            body = _DECODERS[encoding](body)
        if boundary := self.headers.get_param("boundary"):
            params |= _form_fields(body, str(boundary).encode())
            body = b""
        query = params["query"].encode("utf-8", "surrogateescape") + b"\n" if "query" in params else b""
        try:
            threading.Event().wait(self.server.delay_seconds)
            self._authenticate(params)
            self._run(query + body, params)
        except RuntimeError as error:
            self._refuse(str(error))

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _authenticate(self, params: dict[str, str]) -> None:
        user, password = params.get("user", "default"), params.get("password", "")
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            user, _, password = base64.b64decode(credentials).decode().partition(":")
        if not self.server.admits(user, password):
            raise RuntimeError(
                f"Code: {_AUTHENTICATION_FAILED}. DB::Exception: {user}: Authentication failed: "
                "password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)"
            )

    def _run(self, statement: bytes, params: dict[str, str]) -> None:
        bound = {name[6:]: value for name, value in params.items() if name.startswith("param_")}
        settings = {
            name: value for name, value in params.items() if name not in _NOT_SETTINGS and not name.startswith("param_")
        }
        with closing(_connect(str(self.server.folder))) as engine:
            if database := params.get("database"):
                engine.query(f"USE `{database}`")
            for name, value in settings.items():
                engine.query(f"SET {name} = {_quoted(value)}")
            if insert := _INSERT_OF_DATA.fullmatch(statement):
                answer, headers = _insert(engine, *insert.groups())
            else:
                answer, headers = _query(engine, statement, bound)
        headers["X-ClickHouse-Timezone"] = "UTC"
        if params.get("enable_http_compression") == "1":
            accepted = [word.strip() for word in self.headers.get("Accept-Encoding", "").split(",")]
            if encoding := next((name for name in _ENCODERS if name in accepted), None):
                headers["Content-Encoding"] = encoding
                answer = _ENCODERS[encoding](answer)
        self._reply(HTTPStatus.OK, answer, headers)

    def _refuse(self, message: str) -> None:
        found = _CODE.search(message)
        code = int(found.group(1)) if found else 1002
        status = _STATUS.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._reply(status, message.encode() + b"\n", {"X-ClickHouse-Exception-Code": str(code)})

    def _reply(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _insert(engine: Any, head: bytes, form: bytes, data: bytes) -> tuple[bytes, dict[str, str]]:
    # From a file, since the engine trims data that stands in the statement.
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        result = engine.query(b"%s FROM INFILE '%s' FORMAT %s" % (head, file.name.encode(), form))
    summary = {"written_rows": str(result.rows_read()), "written_bytes": str(result.bytes_read())}
    return b"", {"X-ClickHouse-Summary": json.dumps(summary)}


def _query(engine: Any, statement: bytes, bound: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    result = engine.query(statement, "TabSeparatedWithNames", params=bound)
    answer = result.bytes() or b""
    summary = {"read_rows": str(result.rows_read()), "read_bytes": str(result.bytes_read())}
    headers = {"X-ClickHouse-Summary": json.dumps(summary)}
    # A server sends the format's name with an answer of no rows too, and none without an answer, such as to DDL:
    # the line of names tells them apart.
    if output := _TRAILING_FORMAT.search(statement):
        headers["X-ClickHouse-Format"] = output.group(1).decode()
    elif answer:
        headers["X-ClickHouse-Format"] = "TabSeparated"
        answer = answer.partition(b"\n")[2]
    return answer, headers


def _form_fields(body: bytes, boundary: bytes) -> dict[str, str]:
    fields = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        assert name is not None, f"a form part without a name: {head!r}"
        fields[name.group(1).decode()] = value.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")
    return fields


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
