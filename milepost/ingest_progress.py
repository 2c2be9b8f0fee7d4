"""The progress bar of `milepost ingest` on a terminal: bytes read of each file, and events so far."""

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from collector.files.ingestion import IngestSummary, Progress
from collector.files.source_file import SourceFile


@contextlib.contextmanager
def shown_progress() -> Iterator[Progress]:
    """Progress bars on standard error where it is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    columns = (
        TextColumn("{task.fields[name]}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _BarProgress(bars)


class _BarProgress(Progress):
    """One bar a file."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._earlier = 0

    def begin(self, source: SourceFile, summary: IngestSummary) -> None:
        self._earlier = summary.done
        self._task = self._bars.add_task("", total=source.size, name=source.path.name, events=0)

    def advance(self, source: SourceFile, summary: IngestSummary) -> None:
        if self._task is not None:
            events = summary.done - self._earlier
            self._bars.update(self._task, completed=source.bytes_read, events=events)

    def end(self, source: SourceFile) -> None:
        if self._task is not None:
            # What a format reads in one piece, or through a copy, is not seen to advance.
            self._bars.update(self._task, completed=source.size)
