"""What a caller of the store is told when it cannot be had or refuses, word for word."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from domain.errors import StoreError, StoreHeld, StoreUnreachable
from storage.client import Store
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine

REFUSED = "Failed to establish a new connection: [Errno 111] Connection refused"
HOLD_A_STORE = """
import sys
from storage.client import Store
with Store(sys.argv[1], api_url=sys.argv[2] or None):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another_process(dsn: str, api_url: str) -> Iterator[int]:
    """The id of a process that has the store open."""
    command = [sys.executable, "-c", HOLD_A_STORE, dsn, api_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder.pid


class BadGateway(BaseHTTPRequestHandler):
    """What a proxy says when the server behind it is gone."""

    def do_POST(self) -> None:
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def proxy_without_a_server() -> Iterator[int]:
    """The port of a proxy that has nothing behind it."""
    with HTTPServer(("127.0.0.1", 0), BadGateway) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield proxy.server_port
        proxy.shutdown()
        thread.join()


@pytest.mark.clickhouse_server
def test_a_server_that_is_not_there_is_unreachable(engine: Engine) -> None:
    endpoint = ClickHouseEndpoint(engine.folder)
    endpoint.server_close()

    with pytest.raises(StoreUnreachable) as failure:
        Store(endpoint.dsn("milepost"))

    where = f"127.0.0.1:{endpoint.server_port}/milepost"
    assert str(failure.value) == f"the store at {where} does not answer: {REFUSED}"


@pytest.mark.clickhouse_server
def test_a_server_that_goes_away_is_unreachable_until_it_is_back(engine: Engine) -> None:
    with serving(ClickHouseEndpoint(engine.folder)) as endpoint:
        store = Store(endpoint.dsn("default"))
        store.ping()

    with store:
        with pytest.raises(StoreUnreachable) as failure:
            store.ping()
        assert str(failure.value) == f"the store at {store.where} does not answer: {REFUSED}"

        with serving(ClickHouseEndpoint(engine.folder, port=endpoint.server_port)):
            store.ping()


@pytest.mark.clickhouse_server
def test_a_proxy_without_its_server_is_unreachable() -> None:
    with proxy_without_a_server() as port, pytest.raises(StoreUnreachable) as failure:
        Store(f"http://127.0.0.1:{port}/milepost")

    assert str(failure.value) == (
        f"the store at 127.0.0.1:{port}/milepost does not answer: HTTP driver received HTTP status 502"
    )


@pytest.mark.clickhouse_server
def test_a_wrong_password_is_refused_and_not_repeated_in_the_message(engine: Engine) -> None:
    with serving(ClickHouseEndpoint(engine.folder, password="right")) as endpoint:
        dsn = endpoint.dsn("default").replace("right", "wrong-secret")
        with pytest.raises(StoreError) as failure:
            Store(dsn)

    assert str(failure.value) == (
        f"the store at 127.0.0.1:{endpoint.server_port}/default refused: Code: 516. DB::Exception: default: "
        "Authentication failed: password is incorrect, or there is no user with such name. "
        "(AUTHENTICATION_FAILED)"
    )


@pytest.mark.clickhouse_server
def test_a_password_may_hold_any_character(engine: Engine) -> None:
    locked = ClickHouseEndpoint(engine.folder, password="p@ss/w:rd#é?")
    with serving(locked), Store(locked.dsn("default")) as store:
        store.ping()


def test_a_statement_that_fails_is_refused_with_the_engines_reason(store: Store) -> None:
    with pytest.raises(StoreError) as failure:
        store.execute("INSERT INTO engine_watermarks (engine) SELECT throwIf(1, 'no such engine')")

    assert type(failure.value) is StoreError
    assert str(failure.value).startswith(
        f"the store at {store.where} refused: Code: 395. DB::Exception: no such engine: while executing"
    )


def test_a_misspelt_column_is_refused_instead_of_dropped(store: Store) -> None:
    with pytest.raises(StoreError) as failure:
        store.insert("engine_watermarks", b'{"engine": "main", "evaluated_thru": 1}')

    assert str(failure.value) == (
        f"the store at {store.where} refused: Code: 117. DB::Exception: "
        "Unknown field found while parsing JSONEachRow format: evaluated_thru: (at row 1)"
    )


def test_a_refusal_leaves_the_store_usable(store: Store) -> None:
    with pytest.raises(StoreError):
        store.execute("SELECT nonsense")

    store.ping()


def test_a_table_name_that_is_no_identifier_is_a_programming_error(store: Store) -> None:
    with pytest.raises(ValueError, match=r"^'events; DROP TABLE events' is not a table's name$"):
        store.insert("events; DROP TABLE events", b"")


def test_a_closed_store_says_so_and_may_be_closed_again(store: Store) -> None:
    store.close()
    store.close()

    with pytest.raises(StoreError) as failure:
        store.ping()
    assert str(failure.value) == f"the store at {store.where} is closed"


@pytest.mark.parametrize(
    ("api_url", "holder"),
    [
        pytest.param(
            "http://127.0.0.1:4318",
            "process {pid}, which answers at http://127.0.0.1:4318",
            id="a running milepost with an API",
        ),
        pytest.param("", "process {pid}", id="a command without an API"),
    ],
)
def test_a_folder_held_by_another_process_names_its_holder(tmp_path: Path, api_url: str, holder: str) -> None:
    dsn = f"chdb://{tmp_path}/store"
    with held_by_another_process(dsn, api_url) as pid, pytest.raises(StoreHeld) as refusal:
        Store(dsn)

    assert str(refusal.value) == (
        f"the store {tmp_path}/store is held by {holder.format(pid=pid)}; "
        "stop it, or give this command another MILEPOST_STORE"
    )
    assert refusal.value.api_url == (api_url or None)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError) as refusal:
        Store(f"chdb://{tmp_path}/file/store")

    assert str(refusal.value) == f"the store's folder {tmp_path}/file/store cannot be used: Not a directory"


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    # In a process of its own: this one already has another folder open.
    folder = tmp_path / "naïve 100% name"
    dsn = f"chdb://{tmp_path}/na%C3%AFve%20100%25%20name"
    with held_by_another_process(dsn, ""):
        assert (folder / "milepost.lock").exists()


def test_two_stores_of_one_process_share_a_folder(engine: Engine, embedded_store: Store) -> None:
    with Store(engine.dsn("default")) as other:
        other.ping()

    embedded_store.ping()


@contextmanager
def silence(port: int) -> Iterator[None]:
    """A port where connections are taken and nothing is answered."""
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.mark.clickhouse_server
def test_a_server_that_does_not_answer_is_not_waited_for_longer_than_asked(
    engine: Engine, migrated_database: str
) -> None:
    endpoint = ClickHouseEndpoint(engine.folder)
    with serving(endpoint):
        store = Store(endpoint.dsn(migrated_database))
        store.ping()
    started = time.monotonic()

    with store, silence(endpoint.server_port), pytest.raises(StoreUnreachable) as caught:
        store.ping()

    assert time.monotonic() - started < 10
    assert str(caught.value) == (
        f"the store at 127.0.0.1:{endpoint.server_port}/{migrated_database} does not answer: Read timed out. "
        "(read timeout=2)"
    )
