"""Rows of files, web addresses and buckets become events, by ClickHouse's table functions, and again change nothing."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.files.door import Door, Taken, TakenSpans
from domain.errors import StoreError
from storage.client import Store
from storage.dead_letters import LetterFilter, list_dead_letters
from storage.object_statements import Statements
from tests.engine import Engine
from tests.integration.collector.pulls import MAP, Pulls, invoice, table
from tests.waiting import eventually

FILE = "file: {path: 'in/*.csv', format: CSVWithNames}"
TYPES = "structure: {number: String, updated_at: \"DateTime64(6, 'UTC')\", gross: String}"
SECRET = "s3cr3t-of-the-test"


@pytest.fixture
def pulls(tmp_path: Path, embedded_store: Store, engine: Engine) -> Pulls:
    made = Pulls(tmp_path, embedded_store, engine)
    (made.files / "in").mkdir()
    made.define(FILE)
    return made


class FileServer(http.server.ThreadingHTTPServer):
    """Serves one text to those who send the secret, and a redirect under /elsewhere."""

    content = ""

    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers GET and HEAD."""

        def do_GET(self) -> None:
            assert isinstance(self.server, FileServer)
            body = self.server.content.encode()
            if self.path.startswith("/elsewhere"):
                self.send_response(302)
                self.send_header("Location", "/bucket/invoices.csv")
                body = b""
            elif self.path == "/private.csv" and self.headers["X-Key"] != f"Key {SECRET}":
                self.send_response(401)
                body = f"not {self.headers['X-Key']}".encode()
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(("127.0.0.1", 0), FileServer.Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_rows_of_a_file_become_events_and_only_new_ones_do_at_the_next_pull(pulls: Pulls) -> None:
    path = pulls.files / "in" / "1.csv"
    path.write_text(table(invoice("I-1", "2026-11-02 09:00:00"), invoice("I-2", "2026-11-02 10:00:00.123456")))

    first = pulls.told()
    path.write_text(path.read_text() + "I-3,2026-11-02 11:00:00,7.00\n")
    second = pulls.told()

    assert first == "2 accepted, 0 duplicates, 0 rejected"
    assert second == "1 accepted, 1 duplicates, 0 rejected"
    assert pulls.ids() == ["I-1", "I-2", "I-3"]
    row = pulls.stored()[1]
    assert (row["source"], str(row["amount"])) == ("invoices", "10.500000000")
    assert row["occurred_at"].isoformat() == "2026-11-02T10:00:00.123456+00:00"


def test_an_overlap_finds_what_was_committed_late_and_otherwise_gives_duplicates(pulls: Pulls) -> None:
    pulls.define(FILE, MAP.replace("updated_at}", "updated_at, overlap: 1h}", 1))
    path = pulls.files / "in" / "1.csv"
    path.write_text(table(invoice("I-1", "2026-11-02 09:00:00"), invoice("I-2", "2026-11-02 10:00:00")))
    pulls.outcome()

    path.write_text(path.read_text() + "I-3,2026-11-02 09:30:00,7.00\n")

    assert pulls.told() == "1 accepted, 2 duplicates, 0 rejected"
    assert pulls.watermarks() == ["2026-11-02 10:00:00"]


def test_parquet_is_pulled_by_an_integer_with_its_decimals_exact(pulls: Pulls, engine: Engine) -> None:
    path = pulls.files / "in" / "1.parquet"
    rows = (
        "SELECT toUInt64(number) AS change_no, toDecimal64('1234567890.12', 2) AS gross, "
        "toDateTime64('2026-11-02 09:00:00.5', 6, 'UTC') AS at FROM numbers(3)"
    )
    engine.select(pulls.store, f"INSERT INTO FUNCTION file('{path}', 'Parquet') {rows}")
    text = MAP.replace("instant: updated_at", "integer: change_no, overlap: 1").replace("updated_at", "at")
    pulls.define("file: {path: in/1.parquet, format: Parquet}", text.replace("number", "change_no"))

    assert pulls.told() == "3 accepted, 0 duplicates, 0 rejected"
    assert pulls.told() == "0 accepted, 2 duplicates, 0 rejected"
    assert {str(row["amount"]) for row in pulls.stored()} == {"1234567890.120000000"}
    assert {row["occurred_at"].isoformat() for row in pulls.stored()} == {"2026-11-02T09:00:00.500000+00:00"}


def test_pages_lose_nothing_where_many_rows_share_a_watermark(
    tmp_path: Path, embedded_store: Store, engine: Engine
) -> None:
    pulls = Pulls(tmp_path, embedded_store, engine, rows_a_page=3)
    pulls.define("file: {path: 1.csv, format: CSVWithNames}")
    rows = [invoice(f"I-{number:02}", f"2026-11-02 0{number // 5}:00:00") for number in range(14)]
    (pulls.files / "1.csv").write_text(table(*rows))

    assert pulls.told() == "14 accepted, 0 duplicates, 0 rejected"
    assert pulls.ids() == [row["number"] for row in rows]


def test_rows_without_an_id_of_their_own_are_the_same_at_every_pull(pulls: Pulls) -> None:
    pulls.define(FILE, MAP.replace("  id: number\n", ""))
    same = invoice("I-1", "2026-11-02 09:00:00")
    (pulls.files / "in" / "1.csv").write_text(table(same, same, invoice("I-2", "2026-11-02 09:00:00")))

    assert pulls.told() == "3 accepted, 0 duplicates, 0 rejected"
    assert pulls.told() == "0 accepted, 3 duplicates, 0 rejected"


def test_a_row_that_makes_no_event_is_a_dead_letter_and_is_not_waited_for(pulls: Pulls) -> None:
    (pulls.files / "in" / "1.csv").write_text(
        table(invoice("I-1", "2026-11-02 09:00:00", "much"), invoice("I-2", "2026-11-02 10:00:00"))
    )

    told = pulls.told()

    assert told.startswith("1 accepted, 0 duplicates, 1 rejected\ninvoices, row:1: data.amount 'much'")
    [letter] = list_dead_letters(pulls.store, 10, LetterFilter())
    assert letter["source"] == "invoices"
    assert pulls.metric("rows_total", pull="invoices", outcome="rejected") == 1
    assert pulls.ids() == ["I-2"]


class BrokenOff(Door):
    """A door that stores the first batches and then is gone."""

    def __init__(self, door: Door, batches: int) -> None:
        self._door, self._batches = door, batches

    def events(self, content_type: str, body: bytes) -> Taken:
        if not self._batches:
            raise StoreError("the store is away")
        self._batches -= 1
        return self._door.events(content_type, body)

    def traces(self, content_type: str, body: bytes) -> TakenSpans:
        return self._door.traces(content_type, body)

    def objects(self, said: Statements) -> None:
        self._door.objects(said)


def test_what_breaks_off_goes_on_after_the_last_acknowledged_batch(pulls: Pulls) -> None:
    rows = [invoice(f"I-{number}", f"2026-11-02 09:{number // 200:02}:00") for number in range(11_000)]
    (pulls.files / "in" / "1.csv").write_text(table(*rows))

    broken = pulls.runs().run("invoices", BrokenOff(pulls.door(), 1))
    again = pulls.told()

    assert (broken.summary.accepted, broken.error) == (5_000, "the store is away")
    assert again == "6000 accepted, 200 duplicates, 0 rejected"
    assert pulls.metric("failures_total", pull="invoices") == 1


def test_a_web_address_is_asked_with_a_header_that_proves_who_asks(pulls: Pulls, server: FileServer) -> None:
    server.content = table(invoice("I-1", "2026-11-02 09:00:00"))
    proof = "authentication: {header: X-Key, prefix: 'Key ', secret_env: FILES_KEY}"
    pulls.define(f"url: {{url: '{server.url}/private.csv', format: CSVWithNames, {proof}}}\n{TYPES}")
    pulls.environ["FILES_KEY"] = SECRET

    assert pulls.told() == "1 accepted, 0 duplicates, 0 rejected"


@pytest.mark.clickhouse_server
def test_a_server_store_asks_in_the_same_way(
    server_store: Store, engine: Engine, server: FileServer, tmp_path: Path
) -> None:
    pulls = Pulls(tmp_path, server_store, engine)
    server.content = table(invoice("I-1", "2026-11-02 09:00:00"), invoice("I-2", "2026-11-02 10:00:00.5"))
    pulls.define(f"url: {{url: '{server.url}/invoices.csv', format: CSVWithNames}}\n{TYPES}\ncolumns: [number, gross]")

    assert pulls.told() == "2 accepted, 0 duplicates, 0 rejected"
    assert pulls.told() == "0 accepted, 1 duplicates, 0 rejected"
    assert pulls.watermarks() == ["2026-11-02 10:00:00.500000"]


def test_what_a_server_answers_is_told_without_the_secret(pulls: Pulls, server: FileServer) -> None:
    proof = "authentication: {header: X-Key, secret_env: FILES_KEY}"
    pulls.define(f"url: {{url: '{server.url}/private.csv', format: CSVWithNames, {proof}}}\n{TYPES}")
    pulls.environ["FILES_KEY"] = SECRET

    told = pulls.told()

    assert "HTTP status code: 401" in told
    assert "body: 'not …'" in told
    assert SECRET not in told


def test_a_redirect_leads_nowhere_else(pulls: Pulls, server: FileServer) -> None:
    server.content = table(invoice("I-1", "2026-11-02 09:00:00"))
    pulls.define(f"url: {{url: '{server.url}/elsewhere.csv', format: CSVWithNames}}\n{TYPES}")

    assert "Too many redirects" in pulls.told()
    assert pulls.ids() == []


@pytest.mark.parametrize("key", ["", ", access_key: AK, secret_env: BUCKET_KEY"], ids=["public", "signed"])
def test_objects_of_a_bucket_are_pulled(pulls: Pulls, server: FileServer, key: str) -> None:
    server.content = table(invoice("I-1", "2026-11-02 09:00:00"))
    pulls.define(f"s3: {{url: '{server.url}/bucket/invoices.csv', format: CSVWithNames{key}}}\n{TYPES}")
    pulls.environ["BUCKET_KEY"] = SECRET

    assert pulls.told() == "1 accepted, 0 duplicates, 0 rejected"


def test_a_database_that_does_not_answer_is_told_without_the_password(pulls: Pulls) -> None:
    pulls.define("mysql: {host: 127.0.0.1, port: 1, database: b, table: t, user: reader, secret_env: DB_PASSWORD}")
    pulls.environ["DB_PASSWORD"] = SECRET

    told = pulls.told()

    assert told.startswith('pull "invoices": Code: 279. DB::Exception: Connections to mysql failed')
    assert SECRET not in told


def test_a_file_outside_the_folder_is_not_read_through_a_link_in_it(pulls: Pulls, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(table(invoice("I-1", "2026-11-02 09:00:00")))
    (pulls.files / "in" / "1.csv").symlink_to(tmp_path / "secret.csv")

    expected = f'pull "invoices": in/*.csv leads to {tmp_path}/secret.csv, which is not in {pulls.files}'
    assert pulls.told() == expected


def test_a_folder_without_such_a_file_is_told(pulls: Pulls) -> None:
    assert pulls.told() == f'pull "invoices": there is no file in/*.csv in {pulls.files}'


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ("updated_at: String", "the watermark updated_at is String, not an instant"),
        (
            "updated_at: \"DateTime64(6, 'Europe/Berlin')\"",
            "the column updated_at is in Europe/Berlin; give it the type DateTime64(6, 'UTC')",
        ),
    ],
)
def test_a_column_whose_order_or_instant_is_in_doubt_is_refused(pulls: Pulls, types: str, reason: str) -> None:
    (pulls.files / "in" / "1.csv").write_text(table(invoice("I-1", "2026-11-02 09:00:00")))
    pulls.define(f"{FILE}\nstructure: {{number: String, {types}, gross: String}}")

    assert pulls.told() == f'pull "invoices": {reason}; `structure` says what the columns of files are'


def test_a_secret_that_is_not_there_is_told_by_its_place(pulls: Pulls) -> None:
    pulls.define("mysql: {host: 127.0.0.1, database: b, table: t, user: reader, secret_env: DB_PASSWORD}")

    expected = f"{pulls.folder}/invoices.yaml: its secret in DB_PASSWORD holds nothing; one line is taken"
    assert pulls.told() == expected


def test_a_pull_that_fails_is_tried_again_and_stops_no_other(pulls: Pulls) -> None:
    (pulls.files / "in" / "1.csv").write_text(table(invoice("I-1", "2026-11-02 09:00:00")))
    missing = FILE.replace("in/", "later/") + "\nevery: 1s"
    pulls.define(missing, name="later")
    runs = pulls.runs()

    runs.start(pulls.door())
    try:
        eventually(lambda: pulls.metric("failures_total", pull="later") == 1, "the first failure")
        eventually(lambda: pulls.metric("last_success_timestamp_seconds", pull="invoices"), "the other one")
        (pulls.files / "later").mkdir()
        (pulls.files / "later" / "1.csv").write_text(table(invoice("I-9", "2026-11-02 10:00:00")))
        eventually(lambda: pulls.metric("last_success_timestamp_seconds", pull="later"), "the next interval")
    finally:
        runs.stop()

    assert pulls.ids() == ["I-1", "I-9"]
