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
                file.add_event(event.id, event.type, event.time, event.attributes)
                file.add_relations(event.id, event.relations)
            for object_id, type_ in log.objects.items():
                file.add_object(object_id, type_)
    except sqlite3.Error as error:
        raise UsageError(f"this log does not fit into SQLite ({error}); give a name in .json or .xml") from None
