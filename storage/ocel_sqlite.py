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


@dataclass(slots=True)
class StoredEvent:
    """One event as the file has it; `relations` are object ids with qualifiers."""

    id: str
    type: str
    time: str
    attributes: list[tuple[str, object]]
    relations: list[tuple[str, str]]


class OcelSqlite:
    """An open OCEL 2.0 file; sqlite3.Error where it is damaged or lacks a table."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        # Views and functions that a file brings along are not run.
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._connection.execute("PRAGMA cell_size_check = ON")
        self._connection.set_authorizer(_authorize)
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")

    def object_types(self) -> dict[str, str]:
        """The type of every object, by id."""
        return dict(self._rows("ocel_objects"))

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

    def _events_of(self, type_: str, table: str) -> Iterator[StoredEvent]:
        cursor = self._execute("ocel_events", {"table": _quoted(f"event_{table}")})
        names = [column[0] for column in cursor.description]
        if missing := {"ocel_id", "ocel_time"} - set(names):
            raise UsageError(f"its table event_{table} has no column {', '.join(sorted(missing))}")
        # pm4py writes columns of its own that repeat what the other tables say.
        wanted = [place for place, name in enumerate(names) if not name.startswith(("ocel_", "ocel:"))]
        id_, time = names.index("ocel_id"), names.index("ocel_time")
        for row in cursor:
            attributes = [(names[place], row[place]) for place in wanted]
            yield StoredEvent(str(row[id_]), type_, str(row[time] or ""), attributes, [])

    def _rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        return self._execute(statement, {})

    def _execute(self, statement: str, fragments: dict[str, str]) -> sqlite3.Cursor:
        text = (_STATEMENTS / f"{statement}.sql").read_text(encoding="utf-8")
        return self._connection.execute(parse_query(statement, text).render({}, fragments))


def _authorize(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
