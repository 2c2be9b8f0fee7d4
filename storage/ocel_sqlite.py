"""Reads OCEL 2.0 logs that are SQLite files: foreign ones, so that nothing but reading tables is allowed."""

import heapq
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from domain.errors import UsageError
from storage.sql_files import parse_query

_STATEMENTS = Path(__file__).parent / "sqlite"
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}
# In bytes, of a value and of a row.
_LONGEST_VALUE = 20 * 1024 * 1024
# What our own statements call.
_FUNCTIONS = {"coalesce"}
# pm4py writes some that repeat what the other tables say.
_OWN_COLUMNS = ("ocel_", "ocel:")


@dataclass(slots=True)
class StoredEvent:
    """One event as the file has it; `relations` are object ids with qualifiers."""

    id: str
    type: str
    time: str
    attributes: list[tuple[str, object]]
    relations: list[tuple[str, str]]


@dataclass(slots=True)
class StoredObject:
    """One object as the file has it: attributes as (name, time, value, column's type), related ids with qualifiers."""

    id: str
    type: str
    attributes: list[tuple[str, str, object, str]]
    links: list[tuple[str, str]]


class OcelSqlite:
    """An open OCEL 2.0 file; sqlite3.Error where it is damaged or lacks a table."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        # Views and functions that a file brings along are not run.
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._connection.execute("PRAGMA cell_size_check = ON")
        # A column may be worked out, and a few characters of that say gigabytes.
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        self._connection.set_authorizer(_authorize)
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        self._tables = [name for (name,) in self._rows("ocel_tables")]

    def object_types(self) -> dict[str, str]:
        """The type of every object, by id."""
        return dict(self._rows("ocel_objects"))

    def objects(self) -> Iterator[StoredObject]:
        """All objects in the order of their ids, one that the file has no values of included."""
        tables = [self._values_of(type_, table) for type_, table in self._rows("ocel_object_types") if self._has(table)]
        values = groupby(heapq.merge(*tables, key=itemgetter(0)), key=itemgetter(0))
        # Version 2.0 demands the table; older files lack it.
        linked = self._rows("ocel_links") if "object_object" in self._tables else iter(())
        links = groupby(linked, key=itemgetter(0))
        known, relations = next(values, None), next(links, None)
        for id_, type_ in sorted(self._rows("ocel_objects")):
            attributes, others = [], []
            while known and known[0] <= id_:
                attributes = [value for *_, value in known[1]] if known[0] == id_ else []
                known = next(values, None)
            while relations and relations[0] <= id_:
                others = [(other, qualifier) for _, other, qualifier in relations[1]] if relations[0] == id_ else []
                relations = next(links, None)
            yield StoredObject(id_, type_, attributes, others)

    def event_attributes(self) -> Iterator[tuple[str, str, str]]:
        """The attributes of every event type, each as (type, name, column's type)."""
        for type_, table in self._rows("ocel_event_types"):
            for name, kind in self._columns(f"event_{table}").items():
                if not name.startswith(_OWN_COLUMNS):
                    yield type_, name, kind

    def events(self) -> Iterator[StoredEvent]:
        """All events in the order of their ids, in memory one at a time."""
        tables = [self._events_of(type_, table) for type_, table in self._rows("ocel_event_types")]
        relations = groupby(self._rows("ocel_relations"), key=itemgetter(0))
        current = next(relations, None)
        # The tables and the relations come in one order, so that they are read side by side.
        for event in heapq.merge(*tables, key=attrgetter("id")):
            while current and current[0] < event.id:
                current = next(relations, None)
            if current and current[0] == event.id:
                event.relations = [(object_id, qualifier) for _, object_id, qualifier in current[1]]
            yield event

    def close(self) -> None:
        """Lets the file go."""
        self._connection.close()

    def _has(self, table: str) -> bool:
        # Files of older tools have no table for a type without attributes.
        return f"object_{table}".casefold() in {name.casefold() for name in self._tables}

    def _columns(self, table: str) -> dict[str, str]:
        return {row[1]: row[2] for row in self._execute("ocel_columns", {"table": _quoted(table)})}

    def _values_of(self, type_: str, table: str) -> Iterator[tuple[str, tuple[str, str, object, str]]]:
        """The values of one type's objects, each with its object's id."""
        name = f"object_{table}"
        kinds = self._columns(name)
        cursor = self._execute("ocel_object_rows", {"table": _quoted(name)})
        names = [column[0] for column in cursor.description]
        if "ocel_id" not in names:
            raise UsageError(f"its table {name} has no column ocel_id")
        for cells in cursor:
            row = dict(zip(names, cells, strict=True))
            changed = row.get("ocel_changed_field")
            for column, value in row.items():
                # A row of a change says one value, whatever stands in the others.
                is_said = column == changed if changed else not column.startswith(_OWN_COLUMNS)
                if is_said and value is not None:
                    yield str(row["ocel_id"]), (column, str(row.get("ocel_time") or ""), value, kinds.get(column, ""))

    def _events_of(self, type_: str, table: str) -> Iterator[StoredEvent]:
        cursor = self._execute("ocel_events", {"table": _quoted(f"event_{table}")})
        names = [column[0] for column in cursor.description]
        if missing := {"ocel_id", "ocel_time"} - set(names):
            raise UsageError(f"its table event_{table} has no column {', '.join(sorted(missing))}")
        wanted = [place for place, name in enumerate(names) if not name.startswith(_OWN_COLUMNS)]
        id_, time = names.index("ocel_id"), names.index("ocel_time")
        for row in cursor:
            attributes = [(names[place], row[place]) for place in wanted]
            yield StoredEvent(str(row[id_]), type_, str(row[time] or ""), attributes, [])

    def _rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        return self._execute(statement, {})

    def _execute(self, statement: str, fragments: dict[str, str]) -> sqlite3.Cursor:
        text = (_STATEMENTS / f"{statement}.sql").read_text(encoding="utf-8")
        return self._connection.execute(parse_query(statement, text).render({}, fragments))


def _authorize(action: int, name: str | None, detail: str | None, _: str | None, through: str | None) -> int:
    # Not through a view, which may join a small table with itself until a day is over.
    is_reading = action in _ALLOWED and through is None
    if action == sqlite3.SQLITE_FUNCTION:
        # Such as randomblob() in a column that is worked out.
        is_reading = is_reading and detail in _FUNCTIONS
    # Of all pragmas only the one that tells a table's columns.
    is_allowed = is_reading or (action == sqlite3.SQLITE_PRAGMA and name == "table_info")
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
