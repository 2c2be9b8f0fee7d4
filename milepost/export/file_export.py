"""Writes all stored events to a file, which appears under its name only when it is whole."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from domain.errors import UsageError
from milepost.answers.protocol import Answers
from milepost.export.csv_file import write_csv
from milepost.export.ocel_json import write_json
from milepost.export.ocel_log import OcelLog
from milepost.export.ocel_sqlite import write_sqlite
from milepost.export.ocel_xml import write_xml
from storage.event_export import EventKey, StoredEvent
from storage.object_statements import ObjectKey, ObjectStatement

_OCEL_WRITERS: dict[str, Callable[[OcelLog, Path], None]] = {
    ".json": write_json,
    ".xml": write_xml,
    ".sqlite": write_sqlite,
    ".jsonocel": write_json,
    ".xmlocel": write_xml,
}


def export_csv(answers: Answers, path: Path) -> int:
    """Writes a table of all events, one a row; how many there are."""
    with _whole_file(path) as unfinished:
        return write_csv(_all_events(answers), unfinished)


def export_ocel(answers: Answers, path: Path) -> int:
    """Writes all events as an OCEL 2.0 log, as the path's ending says; how many there are."""
    writer = _OCEL_WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UsageError(f"{path}: give a name that ends in {', '.join(_OCEL_WRITERS)}")
    log = OcelLog(_all_events(answers), answers.shared_names(), _all_objects(answers), answers.event_attribute_types())
    with _whole_file(path) as unfinished:
        writer(log, unfinished)
    return log.count


def _all_events(answers: Answers) -> Iterator[StoredEvent]:
    after = EventKey()
    while portion := answers.events_after(after):
        yield from portion
        after = portion[-1].key


def _all_objects(answers: Answers) -> Iterator[ObjectStatement]:
    after = ObjectKey()
    while portion := answers.objects_after(after):
        yield from portion
        after = portion[-1].key


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:100]}-") as folder:
            unfinished = Path(folder) / "export"
            yield unfinished
            os.replace(unfinished, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
