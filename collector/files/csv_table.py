"""Tables as CSV, a header first: a mapping file says which columns make an event."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from collector.files.items import (
    CanonicalData,
    EventItem,
    FileEvent,
    NamedObject,
    Reading,
    RefusedItem,
    content_id,
    event_item,
    plain_type,
    refused_item,
    texts,
)
from collector.files.mapping import Mapping, MappingError, Row
from collector.files.source_file import SourceFile
from collector.files.times import rfc3339
from domain.config_file import show
from domain.errors import UsageError

_OBJECT_KEYS = frozenset({"type", "id", "qualifier"})
# Thousands are parted by a point, an apostrophe or some space; SAP writes the minus behind.
_WITH_COMMA = re.compile(r"([+-]?)(\d{1,3}(?:[.\s'’]\d{3})+|\d+)(?:,(\d+))?(-?)")
# A comma without a point behind it may be either, so that it is left for the door to refuse.
_WITH_POINT = re.compile(r"[+-]?\d{1,3}(?:[,\s'’]\d{3})+\.\d+")
_GROUPING, _NO_DIGIT = re.compile(r"[,\s'’]"), re.compile(r"\D")
_DELIMITERS = ",;\t|"
# In characters. A small .gz may hold a line of gigabytes, or a row that goes on over lines without end.
LARGEST_ROW = 1024 * 1024


def read(source: SourceFile, reading: Reading) -> Iterator[EventItem | RefusedItem]:
    """The events of the table's rows; places are the lines that rows end on."""
    mapping = reading.mapping
    if mapping is None:
        raise UsageError(f"{source.path}: a table needs --mapping FILE, which says which columns make an event")
    table = TableEvents(mapping, reading.source or "csv")
    encoding = "utf-8-sig" if mapping.config.encoding.lower() in ("utf-8", "utf8") else mapping.config.encoding
    with source.open() as file:
        text = io.TextIOWrapper(file, encoding, "surrogateescape", newline="")
        rows = _Rows(text)
        lines = csv.reader(rows.lines(), delimiter=mapping.config.delimiter or _delimiter(source.head))
        try:
            header = [name.strip() for name in next(lines, [])]
            rows.read = 0
            for cells in lines:
                rows.read = 0
                if cells:
                    yield table.item(lines.line_num, header, cells)
        except csv.Error as error:
            raise UsageError(f"{source.path}:{lines.line_num}: not CSV: {error}") from None
        finally:
            text.detach()


class _Rows:
    """The lines of a table; csv.Error where those of one row are too long. `read` is set back after every row."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.read = 0
        self._text = text

    def lines(self) -> Iterator[str]:
        """Each line with its end."""
        while line := self._text.readline(LARGEST_ROW + 1):
            self.read += len(line)
            if self.read > LARGEST_ROW:
                raise csv.Error(f"one row is longer than {LARGEST_ROW} characters")
            yield line


class TableEvents:
    """Makes events of rows, by a mapping."""

    def __init__(self, mapping: Mapping, source: str) -> None:
        self._mapping = mapping
        self._source = source
        self._equal_rows: Counter[int] = Counter()

    def item(self, line: int, header: Sequence[str], cells: Sequence[str]) -> EventItem | RefusedItem:
        """The event of one row, or what keeps it refused."""
        row: Row = dict(zip(header, cells, strict=False))
        if len(cells) != len(header):
            return _refused(line, f"{len(cells)} fields, where the header has {len(header)}", cells)
        try:
            return event_item(line, self._event(row))
        except MappingError as error:
            return _refused(line, str(error), cells)
        except UnicodeEncodeError:
            encoding = self._mapping.config.encoding
            reason = f"not {encoding} text; give its encoding in the mapping file, such as encoding: windows-1252"
            return _refused(line, reason, cells)

    def _event(self, row: Row) -> FileEvent:
        config = self._mapping.config
        data = CanonicalData(
            self._objects(row),
            self._amount(row),
            self._text("currency", row),
            self._text("legal_entity", row),
            self._text("region", row),
            self._attributes(row),
        )
        type_ = plain_type(self._needed("type", row))
        time = rfc3339(self._needed("time", row), self._mapping.zone, config.time_format)
        # Its time comes first in a made id: rows that are neighbours in the file are then neighbours in the store.
        event_id = self._needed("id", row) if config.id is not None else f"{time}/{self._content_id(row)}"
        source = self._text("source", row) or self._source
        return FileEvent(event_id, source, type_, time, data, self._text("correlation_id", row))

    def _content_id(self, row: Row) -> str:
        """An id made of what the row says: rows that say the same are told apart by their order."""
        said = content_id(*row.items())
        key = int(said[:16], 16)
        self._equal_rows[key] += 1
        return said if self._equal_rows[key] == 1 else f"{said}-{self._equal_rows[key]}"

    def _needed(self, name: str, row: Row) -> str:
        text = self._text(name, row)
        if not text:
            raise self._mapping.error(name, f"gives nothing; the row has {', '.join(row)}")
        return text

    def _text(self, name: str, row: Row) -> str:
        return self._as_text(name, self._mapping.ask(name, row))

    def _as_text(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            return value.strip()
        if value is None:
            return ""
        if isinstance(value, dict | list):
            raise self._mapping.error(name, f"gives {show(value)}; text or a number is taken")
        return texts([("", value)]).get("", "")

    def _amount(self, row: Row) -> str | None:
        value = self._mapping.ask("amount", row)
        text = self._as_text("amount", value)
        if not isinstance(value, str):
            # What an expression worked out is written as numbers are.
            return text or None
        if self._mapping.config.decimal == "," and text:
            written = _WITH_COMMA.fullmatch(text)
            if written is None:
                # A point that parts no thousands may be a decimal one: 12.50 must not become 1250.
                raise self._mapping.error("amount", f"gives {show(text)}; with decimal: ',' give one such as 1.234,56")
            sign, whole, fraction, sign_behind = written.groups("")
            text = f"{sign or sign_behind}{_NO_DIGIT.sub('', whole)}.{fraction or '0'}"
        elif _WITH_POINT.fullmatch(text):
            text = _GROUPING.sub("", text)
        return text or None

    def _objects(self, row: Row) -> list[NamedObject]:
        given = self._mapping.ask("objects", row)
        if given is None:
            return []
        if isinstance(given, dict):
            given = [given]
        if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
            raise self._mapping.error(
                "objects", "gives no list of objects; write [{type: 'order', id: column}], with a qualifier if need be"
            )
        objects = []
        for entry in given:
            if not entry.keys() <= _OBJECT_KEYS:
                unknown = sorted(entry.keys() - _OBJECT_KEYS)
                raise self._mapping.error("objects", f'gives "{unknown[0]}"; type, id and qualifier are taken')
            type_, id_, qualifier = (self._as_text("objects", entry.get(key)) for key in ("type", "id", "qualifier"))
            # An empty cell names no object: an order that has no invoice yet.
            if id_:
                objects.append(NamedObject(type_, id_, qualifier))
        return objects

    def _attributes(self, row: Row) -> dict[str, str]:
        given = self._mapping.ask("attributes", row) if self._mapping.config.attributes is not None else row
        if given is None:
            return {}
        if not isinstance(given, dict):
            raise self._mapping.error("attributes", f"gives {show(given)}; write {{name: column}}")
        return {name: text for name, text in texts(given.items()).items() if text}


def _refused(line: int, reason: str, cells: Sequence[str]) -> RefusedItem:
    return refused_item(line, _readable(reason), [_readable(cell) for cell in cells])


def _readable(text: str) -> str:
    """The text with a sign in place of each byte that could not be read."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _delimiter(head: bytes) -> str:
    """The one of the usual delimiters that the header has most of."""
    header = head.split(b"\n", 1)[0].decode("latin-1")
    return max(_DELIMITERS, key=header.count)
