"""Pages of rows that ClickHouse's table functions read from other systems, and how far each pull has come."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from storage.client import Store, encode_rows

# PostgreSQL writes an instant in the zone of the session, without saying which, and ClickHouse takes it for UTC. Its
# client library, inside this process where the store is embedded, asks for the zone that this variable names. Set
# before there are threads, since the environment is no place for two at once.
os.environ["PGTZ"] = "UTC"
# What a definition names is all that is asked: no redirect leads elsewhere, no credential is looked for in the
# environment, and no log of queries keeps one.
_SETTINGS = {
    "log_queries": 0,
    "max_http_get_redirects": 0,
    "s3_max_redirects": 0,
    "http_max_tries": 2,
    "s3_retry_attempts": 2,
    # Numbers as they are written, since they are read as text.
    "output_format_json_quote_decimals": 1,
    "output_format_json_validate_utf8": 1,
    "date_time_output_format": "simple",
}
# A fraction keeps the digits it was written with.
_decode_line = msgspec.json.Decoder(list[Any], float_hook=str).decode


@dataclass(frozen=True, slots=True)
class Start:
    """The watermark that a page begins at, as ClickHouse writes it, or right after it."""

    watermark: str
    is_inclusive: bool = True


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A table function with its arguments; `secrets` are those of them that nobody may see."""

    name: str
    arguments: Mapping[str, str]
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of their watermarks, which stand beside them; types are ClickHouse's."""

    watermark_type: str
    watermarks: list[str]
    columns: list[str]
    types: list[str]
    rows: list[list[Any]]


def pull_page(
    store: Store, table: TableFunction, watermark: str, columns: str, start: Start | None, no_start: str, rows: int
) -> Page:
    """The next rows from the start on, or from the beginning: as many as asked, and those equal to the last.

    `columns` is a list of quoted names, `no_start` any value of the watermark's kind.
    """
    params = {
        **table.arguments,
        "watermark": watermark,
        "has_start": start is not None,
        "is_inclusive": start is None or start.is_inclusive,
        "start": start.watermark if start else no_start,
        "rows": rows,
    }
    body = store.json_lines(f"pull_{table.name}", params, {"columns": columns}, _SETTINGS)
    names, types, *lines = (_decode_line(line) for line in body.splitlines())
    return Page(
        lines[0][1] if lines else "",
        [line[0] for line in lines],
        names[2:],
        types[2:],
        [line[2:] for line in lines],
    )


def read_pull_watermark(store: Store, pull: str, column_name: str) -> str | None:
    """How far a pull has come by a column; None before its first batch."""
    rows = store.rows("pull_watermark", {"pull": pull, "column_name": column_name})
    return str(rows[0]["watermark"]) if rows else None


def write_pull_watermark(store: Store, pull: str, column_name: str, watermark: str, recorded_at: datetime) -> None:
    """Records how far a pull has come."""
    row = {"pull": pull, "column_name": column_name, "watermark": watermark, "recorded_at": recorded_at}
    store.insert("pull_watermarks", encode_rows([row]))
