"""The tests' own ClickHouse server speaks HTTP as the driver and other clients expect."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus

import clickhouse_connect
import httpx
import lz4.frame
import pytest
import zstandard
from clickhouse_connect.driver.client import Client

from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine

pytestmark = pytest.mark.clickhouse_server
ROWS = b'{"id": 1, "name": "a;b"}\n{"id": 2, "name": "line\\nline  "}\n'
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.fixture
def http(endpoint: ClickHouseEndpoint, engine: Engine) -> Iterator[httpx.Client]:
    """A plain HTTP client, with an empty table `things` in the default database."""
    with httpx.Client(base_url=f"http://127.0.0.1:{endpoint.server_port}") as client:
        client.post("/", content="CREATE TABLE things (id UInt32, name String) ENGINE = Memory").raise_for_status()
        yield client
        client.post("/", content="DROP TABLE things").raise_for_status()


@pytest.fixture
def driver(endpoint: ClickHouseEndpoint, http: httpx.Client) -> Iterator[Client]:
    """The driver, as the store uses it."""
    with closing(clickhouse_connect.get_client(dsn=endpoint.dsn("default"))) as client:
        yield client


def stored(http: httpx.Client) -> list[tuple[int, str]]:
    answer = http.get("/", params={"query": "SELECT * FROM things ORDER BY id FORMAT JSONEachRow"})
    return [tuple(json.loads(line).values()) for line in answer.text.splitlines()]


def test_it_answers_a_ping(http: httpx.Client) -> None:
    assert http.get("/ping").text == "Ok.\n"


def test_a_query_may_stand_in_the_url_and_the_body(http: httpx.Client) -> None:
    answer = http.post("/", params={"query": "SELECT {a:UInt8} +", "param_a": "1"}, content="1 FORMAT TabSeparated")

    assert (answer.text, answer.headers["X-ClickHouse-Format"]) == ("2\n", "TabSeparated")


def test_a_query_may_come_as_a_form(http: httpx.Client) -> None:
    fields = {"query": (None, "SELECT {a:String}"), "param_a": (None, "--x\\n'é")}

    assert http.post("/", files=fields).text == "--x\\n\\'é\n"


def test_settings_in_the_url_hold_for_that_query_only(http: httpx.Client) -> None:
    query = "SELECT getSetting('max_threads')"

    assert http.post("/", params={"max_threads": "3"}, content=query).text == "3\n"
    assert http.post("/", content=query).text != "3\n"


def test_a_statement_without_an_answer_names_no_format(http: httpx.Client) -> None:
    answer = http.post("/", content="CREATE TABLE IF NOT EXISTS things (id UInt32) ENGINE = Memory")

    assert (answer.text, "X-ClickHouse-Format" in answer.headers) == ("", False)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        pytest.param("SELEC 1", HTTPStatus.BAD_REQUEST, "62", id="bad syntax"),
        pytest.param("SELECT * FROM nowhere", HTTPStatus.NOT_FOUND, "60", id="an unknown table"),
        pytest.param("SELECT throwIf(1)", HTTPStatus.INTERNAL_SERVER_ERROR, "395", id="a failing query"),
    ],
)
def test_an_error_has_its_status_code_and_text(http: httpx.Client, query: str, status: int, code: str) -> None:
    answer = http.post("/", content=query)

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


@pytest.mark.parametrize("encoding", list(COMPRESSORS))
def test_a_compressed_body_is_taken(http: httpx.Client, encoding: str) -> None:
    answer = http.post(
        "/",
        params={"query": "INSERT INTO things FORMAT JSONEachRow"},
        content=COMPRESSORS[encoding](ROWS),
        headers={"Content-Encoding": encoding},
    )

    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert stored(http) == [(1, "a;b"), (2, "line\nline  ")]


@pytest.mark.parametrize("encoding", list(COMPRESSORS))
def test_an_answer_is_compressed_for_those_who_ask(endpoint: ClickHouseEndpoint, encoding: str) -> None:
    with closing(clickhouse_connect.get_client(dsn=endpoint.dsn("default"), compress=encoding)) as client:
        assert client.query("SELECT number FROM numbers(3)").result_rows == [(0,), (1,), (2,)]


def test_the_driver_inserts_in_the_native_format(driver: Client, http: httpx.Client) -> None:
    driver.insert("things", [(1, "a;\x00"), (2, " end ")], column_names=["id", "name"])

    assert stored(http) == [(1, "a;\x00"), (2, " end ")]


def test_a_password_is_asked_for(engine: Engine) -> None:
    with serving(ClickHouseEndpoint(engine.folder, password="right")) as locked:
        url = f"http://127.0.0.1:{locked.server_port}/"
        refused = httpx.post(url, content="SELECT 1", auth=("default", "wrong"))
        taken = httpx.post(url, content="SELECT 1", auth=("default", "right"))

    assert (refused.status_code, refused.headers["X-ClickHouse-Exception-Code"]) == (HTTPStatus.FORBIDDEN, "516")
    assert taken.text == "1\n"
