"""Writes an OCEL 2.0 log as a new SQLite file: a table for every type of event and of object."""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from storage.object_statements import ObjectAttribute
from storage.sql_files import SqlFile, parse_query

_STATEMENTS = Path(__file__).parent / "sqlite"
_TABLES = {
    "event": ("ocel_id", "ocel_type"),
    "object": ("ocel_id", "ocel_type"),
    "event_object": ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
    "object_object": ("ocel_source_id", "ocel_target_id", "ocel_qualifier"),
    "event_map_type": ("ocel_type", "ocel_type_map"),
    "object_map_type": ("ocel_type", "ocel_type_map"),
}
_EVENT_COLUMNS, _OBJECT_COLUMNS = ("ocel_id", "ocel_time"), ("ocel_id", "ocel_time", "ocel_changed_field")
# SQLite's words for OCEL's types of attributes.
_KINDS = {"integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN", "time": "TIMESTAMP"}
_ALWAYS = "1970-01-01T00:00:00Z"
_NOT_IN_A_NAME = re.compile(r"\W+")


class NewOcelSqlite:
    """The new file; what is added is in it once it is closed."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        for name, columns in _TABLES.items():
            self._create(name, columns)
        self._event_tables: dict[str, _Table] = {}
        self._object_tables: dict[str, _Table] = {}

    def add_event(
        self, event_id: str, type_: str, time: str, attributes: Mapping[str, str], kinds: Mapping[str, str]
    ) -> None:
        """Adds an event; `kinds` are OCEL's words for the types of its attributes."""
        table = self._table("event", type_, self._event_tables, _EVENT_COLUMNS)
        columns = [*_EVENT_COLUMNS, *(self._column(table, name, kinds[name]) for name in attributes)]
        self._insert("event", _TABLES["event"], (event_id, type_))
        self._insert(table.name, columns, (event_id, time, *attributes.values()))

    def add_relations(
        self, table: Literal["event_object", "object_object"], id_: str, relations: Iterable[tuple[str, str]]
    ) -> None:
        """Relates an event, or an object, to objects, each with a qualifier."""
        for object_id, qualifier in relations:
            self._insert(table, _TABLES[table], (id_, object_id, qualifier))

    def add_object(self, object_id: str, type_: str, attributes: Iterable[ObjectAttribute] = ()) -> None:
        """Adds an object: a row of what it always had, and one for every change."""
        table = self._table("object", type_, self._object_tables, _OBJECT_COLUMNS)
        self._insert("object", _TABLES["object"], (object_id, type_))
        first: dict[str, str] = {}
        changes: list[tuple[str, str, str]] = []
        for name, time, value, kind in attributes:
            column = self._column(table, name, kind)
            if time == _ALWAYS and column not in first:
                first[column] = value
            else:
                changes.append((column, time, value))
        self._insert(table.name, [*_OBJECT_COLUMNS, *first], (object_id, _ALWAYS, None, *first.values()))
        for column, time, value in changes:
            self._insert(table.name, [*_OBJECT_COLUMNS, column], (object_id, time, column, value))

    def close(self) -> None:
        """Writes all of it."""
        self._connection.commit()
        self._connection.close()

    def _table(self, kind: str, type_: str, tables: dict[str, "_Table"], columns: Sequence[str]) -> "_Table":
        table = tables.get(type_)
        if table is None:
            taken = {other.name.casefold() for other in tables.values()}
            short = _NOT_IN_A_NAME.sub("", type_) or "Type"
            name = _free(f"{kind}_{short}", taken)
            tables[type_] = table = _Table(name, columns)
            self._create(name, columns)
            self._insert(f"{kind}_map_type", _TABLES[f"{kind}_map_type"], (type_, name.removeprefix(f"{kind}_")))
        return table

    def _column(self, table: "_Table", attribute: str, kind: str) -> str:
        column = table.columns.get(attribute)
        if column is None:
            # SQLite's names do not tell capitals from small letters.
            column = table.columns[attribute] = _free(attribute or "attribute", table.taken)
            table.taken.add(column.casefold())
            fragments = {"table": _quoted(table.name), "column": f"{_quoted(column)} {_KINDS.get(kind, 'TEXT')}"}
            self._connection.execute(_statement("add_column").render({}, fragments))
        return column

    def _create(self, name: str, columns: Sequence[str]) -> None:
        fragments = {"table": _quoted(name), "columns": ", ".join(f"{_quoted(column)} TEXT" for column in columns)}
        self._connection.execute(_statement("create_table").render({}, fragments))

    def _insert(self, table: str, columns: Sequence[str], row: Sequence[str | None]) -> None:
        self._connection.execute(_insertion(table, tuple(columns)), row)


class _Table:
    """A type's table, and the columns of its attributes."""

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self.name = name
        self.columns: dict[str, str] = {}
        self.taken = set(columns)


@cache
def _statement(name: str) -> SqlFile:
    return parse_query(name, (_STATEMENTS / f"{name}.sql").read_text(encoding="utf-8"))


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    fragments = {
        "table": _quoted(table),
        "columns": ", ".join(map(_quoted, columns)),
        "places": ", ".join("?" for _ in columns),
    }
    return _statement("insert_row").render({}, fragments)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken."""
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'
