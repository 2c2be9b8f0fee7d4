"""The one door to ClickHouse: embedded (chdb://) or a server (clickhouse://), through the same calls.

Facts of the embedded engine that shape this file: one process per folder, one folder per process, one client
handle per thread at a time, and a forked child that touches it hangs. A handle costs milliseconds to open, so
handles are pooled and lent to one thread at a time.
"""

import contextlib
import json
import queue
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError, ProgrammingError

from domain.errors import ConfigError, DataRefused, InsertLate, StoreError, StoreUnreachable
from storage.cluster_ddl import Cluster, client_settings
from storage.fence import Fence
from storage.folder_lock import LOCK, FolderLock
from storage.sql_files import load_query

DEFAULT_DATABASE = "milepost"
ACCEPTED_SERVER_DSN = "clickhouse://user:password@host:8123/database"
ACCEPTED_DSN = f"chdb:///path/to/folder or {ACCEPTED_SERVER_DSN}"
_NO_CLUSTER = f"leave MILEPOST_CLUSTER out, or give {ACCEPTED_SERVER_DSN}"
# How long to wait for a server's answer. An insert that others must not see late, and a question whether there is
# anybody, wait less.
PATIENCE_SECONDS, INSERT_SECONDS, PING_SECONDS = 300, 10, 2
_REPEATED = re.compile(r"(Code: \d+\. DB::Exception: )\1+")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# ClickHouse's codes for values that cannot be read or kept; whatever else it answers may pass.
# https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
_DATA_ERRORS = frozenset(
    {
        *(6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72),
        *(117, 128, 130, 131, 190, 321, 349, 376, 407),
        *(435, 436, 437, 443, 444, 467, 563, 569, 570, 632),
    }
)
# The one constraint there is says that what comes must come in time.
_VIOLATED_CONSTRAINT = 469
Row = dict[str, Any]


class Store:
    """Runs the statements in `storage/queries` and takes inserts; safe to share between threads.

    Every method raises StoreUnreachable when there is no answer and StoreError when the answer is an error.
    Instants come back aware and in UTC, amounts as Decimal.
    """

    def __init__(
        self,
        dsn: str,
        *,
        api_url: str | None = None,
        api_token: str = "",
        asks_now: bool = True,
        fence: Fence | None = None,
        cluster: str = "",
    ) -> None:
        """Opens the store at `dsn`; StoreHeld when another process has the embedded folder open.

        `api_url` is left in the folder for that process, with the token that opens it: who reads the file may read the
        store. Unless it `asks_now`, the store may be a server that is away. With a `fence` nothing is written but what
        it lets through. `cluster` is that of which it is one.
        """
        self._fence = fence
        self._dsn, self.database, self._folder = read_dsn(dsn)
        if cluster and self._folder:
            raise ConfigError(
                message=f"MILEPOST_CLUSTER is {cluster}, and MILEPOST_STORE an embedded store; {_NO_CLUSTER}"
            )
        self.cluster = Cluster(cluster, self.database) if cluster else None
        self._lock = FolderLock(self._folder, api_url, api_token) if self._folder else None
        waits = (PATIENCE_SECONDS, INSERT_SECONDS, PING_SECONDS)
        self._idle: dict[int, queue.LifoQueue[Client]] = {seconds: queue.LifoQueue() for seconds in waits}
        self._closed = False
        try:
            if asks_now:
                self.make_database()
        except BaseException:
            self.close()
            raise

    def make_database(self) -> None:
        """Makes the store's database where there is none; a server that is away is not waited for long.

        It asks first: ON CLUSTER waits for every replica, so that one that is lost would hold up every start.
        """
        there_is = load_query("has_database").render({"database": self.database}, {})
        with self._errors(), self._lend(database=None, seconds=INSERT_SECONDS) as client:
            if client.query(there_is, parameters={"database": self.database}).result_rows[0][0]:
                return
            plain = f"CREATE DATABASE IF NOT EXISTS {self.database}"
            client.command(self.cluster.create_database() if self.cluster else plain)

    @property
    def is_embedded(self) -> bool:
        """Whether the engine runs inside this process."""
        return self._folder is not None

    @property
    def folder(self) -> Path | None:
        """Where the embedded store is; None for a server."""
        return self._folder

    @property
    def epoch(self) -> int:
        """The number of this process's turn to write; 0 where there are no turns."""
        return self._fence.epoch if self._fence else 0

    def require(self) -> None:
        """LeaseLost where this process may not write now."""
        if self._fence is not None:
            self._fence.require()

    def rows(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        fragments: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> list[Row]:
        """What queries/<query>.sql answers, a dict a row keyed by column name."""
        names, rows = self.tuples(query, params, fragments, settings, seconds)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def tuples(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        fragments: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> tuple[tuple[str, ...], Sequence[Sequence[Any]]]:
        """What queries/<query>.sql answers, as column names and plain rows: for many rows."""
        text = load_query(query).render(params or {}, fragments or {})
        with self._errors(), self._lend(seconds=seconds) as client:
            result = client.query(text, parameters=_bind(params), settings=dict(settings or {}), tz_mode="aware")
            return tuple(result.column_names), result.result_rows

    def column(self, query: str, params: Mapping[str, object] | None = None) -> Sequence[Any]:
        """The only column that queries/<query>.sql answers, as one sequence: for millions of values."""
        columns = self.columns(query, params)
        return columns[0] if columns else ()

    def columns(
        self, query: str, params: Mapping[str, object] | None = None, seconds: int = PATIENCE_SECONDS
    ) -> Sequence[Sequence[Any]]:
        """What queries/<query>.sql answers, a sequence a column, none where there are no rows: for plain values."""
        text = load_query(query).render(params or {}, {})
        with self._errors(), self._lend(seconds=seconds) as client:
            result = client.query(text, parameters=_bind(params), column_oriented=True)
            columns: Sequence[Sequence[Any]] = result.result_columns
            return columns

    def json_lines(
        self, query: str, params: Mapping[str, object], fragments: Mapping[str, str], settings: Mapping[str, object]
    ) -> bytes:
        """What queries/<query>.sql answers, an array a line: the columns' names, their types, then the rows."""
        text, fmt = load_query(query).render(params, fragments), "JSONCompactEachRowWithNamesAndTypes"
        with self._errors(), self._lend() as client:
            return client.raw_query(text, parameters=_bind(params), settings=dict(settings), fmt=fmt)

    def run(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        fragments: Mapping[str, str] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        """Runs queries/<query>.sql for its effect, such as INSERT … SELECT."""
        with self._errors(), self._lend(seconds=seconds) as client:
            self.require()
            client.command(load_query(query).render(params or {}, fragments or {}), parameters=_bind(params))

    def execute(self, statement: str) -> None:
        """Runs a migration's statement."""
        with self._errors(), self._lend() as client:
            self.require()
            client.command(statement)

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        """Hands bytes in a ClickHouse format to a table; returns once they are stored.

        Microsecond instants may be given as text or number; unknown fields are an error, so that a misspelt
        column is not dropped in silence. A server that takes longer than `seconds` counts as one that is away.
        """
        used: dict[str, object] = {
            "input_format_skip_unknown_fields": 0,
            "date_time_input_format": "best_effort",
            **(settings or {}),
        }
        if not self.is_embedded:
            used["max_execution_time"] = seconds
        with self._errors(), self._lend(seconds=seconds) as client:
            self.require()
            client.raw_insert(_identifier(table), insert_block=body, fmt=fmt, settings=used)

    def insert_columns(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Hands columns of equal length to a table: for many rows; returns once they are stored."""
        with self._errors(), self._lend() as client:
            self.require()
            client.insert(_identifier(table), list(columns.values()), list(columns), column_oriented=True)

    def ping(self) -> None:
        """Returns when the store answers, and soon."""
        with self._errors(), self._lend(seconds=PING_SECONDS) as client:
            client.command(load_query("ping").render({}, {}))

    def close(self) -> None:
        """Gives every idle handle and the folder back."""
        self._closed = True
        for idle in self._idle.values():
            with contextlib.suppress(queue.Empty):
                while True:
                    idle.get_nowait().close()
        if self._lock:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _lend(self, database: str | None = "", seconds: int = PATIENCE_SECONDS) -> Iterator[Client]:
        if self._closed:
            raise StoreError(f"the store at {self.where} is closed")
        idle = self._idle[PATIENCE_SECONDS if self.is_embedded else seconds]
        try:
            client = idle.get_nowait()
        except queue.Empty:
            client = self._open(self.database if database == "" else database, seconds)
            if database is None:
                # A handle opened before the database exists is not kept: it would look elsewhere.
                with contextlib.closing(client):
                    yield client
                return
        try:
            yield client
        except OperationalError:
            client.close()
            raise
        except BaseException:
            self._give_back(client, idle)
            raise
        self._give_back(client, idle)

    def _give_back(self, client: Client, idle: queue.LifoQueue[Client]) -> None:
        if self._closed:
            client.close()
        else:
            idle.put(client)

    def _open(self, database: str | None, seconds: int) -> Client:
        if self._folder:
            client = clickhouse_connect.get_client(dsn=self._dsn, database=database, show_clickhouse_errors="scrub")
        else:
            # A shared session would serialise or refuse concurrent queries; parameters go in the body because
            # a few thousand identities do not fit a URL.
            client = clickhouse_connect.get_client(
                dsn=self._dsn,
                database=database or "default",
                autogenerate_session_id=False,
                form_encode_query_params=True,
                show_clickhouse_errors="scrub",
                connect_timeout=min(seconds, 5),
                send_receive_timeout=seconds,
            )
        client.set_client_setting("session_timezone", "UTC")
        for name, value in client_settings().items() if self.cluster else ():
            client.set_client_setting(name, value)
        return client

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise StoreUnreachable(f"the store at {self.where} does not answer: {_brief(error)}") from error
        except (DatabaseError, ProgrammingError, ClickHouseError) as error:
            if not self.is_embedded and isinstance(error, DatabaseError) and error.code is None:
                # Without ClickHouse's own code it was something in front of it that answered, such as a proxy.
                raise StoreUnreachable(f"the store at {self.where} does not answer: {_brief(error)}") from error
            code = error.code if isinstance(error, DatabaseError) else None
            kind = DataRefused if code in _DATA_ERRORS else InsertLate if code == _VIOLATED_CONSTRAINT else StoreError
            raise kind(f"the store at {self.where} refused: {_brief(error)}") from error

    @property
    def where(self) -> str:
        """The store's address without credentials, for messages."""
        if self._folder:
            return str(self._folder)
        parts = urlsplit(self._dsn)
        return f"{parts.hostname}:{parts.port or 8123}/{self.database}"


def _brief(error: Exception) -> str:
    # The HTTP library's reason tells: its text holds a random id, and of a lost answer the driver is silent.
    cause = error.__cause__
    reason = getattr(cause, "reason", None) or (cause if "timed out" in str(cause) else None)
    text = str(reason).partition(": ")[2] if reason else str(error)
    # ClickHouse's words stand amid the driver's, once per layer they passed, before diagnostics: the first line tells.
    line = text[max(text.find("Code: "), 0) :].split("\n", 1)[0]
    return _REPEATED.sub(r"\1", line)[:500]


def encode_rows(rows: Sequence[Mapping[str, object]]) -> bytes:
    """JSON lines for `Store.insert`: instants with microseconds, Decimals as exact text."""
    return "\n".join(json.dumps(row, default=_plain, ensure_ascii=False) for row in rows).encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return _text_of(value)
    return str(value)


def _text_of(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _bind(params: Mapping[str, object] | None) -> dict[str, object]:
    # The driver drops microseconds from a datetime unless told otherwise; text keeps them.
    return {name: _bind_value(value) for name, value in (params or {}).items()}


def _bind_value(value: object) -> object:
    if isinstance(value, datetime):
        return _text_of(value)
    if isinstance(value, list | tuple):
        return type(value)(_bind_value(item) for item in value)
    return value


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a table's name")
    return name


def read_dsn(dsn: str) -> tuple[str, str, Path | None]:
    """The DSN for the driver, the database, and the folder where it is embedded."""
    # Messages do not repeat a server's DSN: it may hold a password.
    try:
        parts = urlsplit(dsn)
        _ = parts.port
    except ValueError:
        raise ConfigError(
            message=f"MILEPOST_STORE has a host or port that cannot be read; give {ACCEPTED_DSN}, "
            "with special characters in the password as %XX"
        ) from None
    database = DEFAULT_DATABASE
    if parts.scheme == "chdb":
        if parts.netloc or not parts.path.strip("/"):
            raise ConfigError(message=f"MILEPOST_STORE {dsn!r} names no folder; give {ACCEPTED_DSN}")
        given = parse_qs(parts.query)
        if unknown := sorted(given.keys() - {"database"}):
            raise ConfigError(message=f"MILEPOST_STORE {dsn!r}: {unknown[0]!r} is not known; database is")
        database = given.get("database", [database])[0]
        folder = Path(unquote(parts.path)).expanduser()
        checked, where = f"chdb://{folder}", folder
    elif parts.scheme in ("clickhouse", "clickhouses", "http", "https"):
        if not parts.hostname:
            raise ConfigError(message=f"MILEPOST_STORE names no host; give {ACCEPTED_DSN}")
        database = unquote(parts.path.strip("/")) or database
        checked, where = dsn, None
    else:
        raise ConfigError(message=f"MILEPOST_STORE has the scheme {parts.scheme!r}; give {ACCEPTED_DSN}")
    if not _IDENTIFIER.fullmatch(database):
        raise ConfigError(message=f"MILEPOST_STORE: {database!r} cannot name a database; give letters, digits and _")
    return checked, database, where


def is_new(dsn: str) -> bool:
    """Whether no embedded store was ever opened at `dsn`; of a server only asking it can tell."""
    folder = read_dsn(dsn)[2]
    return folder is not None and not (folder / LOCK).exists()
