"""An OCEL 2.0 log as an SQLite file."""

import contextlib
import sqlite3
from pathlib import Path

from domain.errors import UsageError
from milepost.export.ocel_log import OcelLog
from storage.new_ocel_sqlite import NewOcelSqlite


def write_sqlite(log: OcelLog, path: Path) -> None:
    """Writes the log."""
    try:
        with contextlib.closing(NewOcelSqlite(path)) as file:
            for event in log.events():
                file.add_event(event.id, event.type, event.time, event.attributes, log.event_types[event.type])
                file.add_relations("event_object", event.id, event.relations)
            for one in log.objects():
                file.add_object(one.id, one.type, one.attributes)
                file.add_relations("object_object", one.id, one.relations)
    except sqlite3.Error as error:
        raise UsageError(f"this log does not fit into SQLite ({error}); give a name in .json or .xml") from None
