"""Interrupted runs: they go on where they stopped, send nothing twice that would count twice, and lose nothing."""

import json
from pathlib import Path

import pytest

from collector.files.door import Checkpoint, Taken
from collector.files.ingestion import EVENTS_A_BATCH, Ingestion, IngestSummary, Interrupted, Progress
from collector.files.items import Reading
from collector.files.source_file import SourceFile
from domain.errors import StoreUnreachable
from tests.builders import otlp_request, span
from tests.unit.collector.files.doors import RecordingDoor, RememberedCheckpoints, written

BATCHES = 25


class FailingDoor(RecordingDoor):
    """Fails like a store that has gone away, once it took some bodies."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self._good = good

    def events(self, content_type: str, body: bytes) -> Taken:
        if len(self.bodies) == self._good:
            raise StoreUnreachable("the store does not answer")
        return super().events(content_type, body)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    lines = [json.dumps({"id": str(number)}) for number in range(BATCHES * EVENTS_A_BATCH)]
    return written(tmp_path / "events.ndjson", "\n".join(lines))


def run(path: Path, door: RecordingDoor, checkpoints: RememberedCheckpoints, reading: Reading | None = None) -> str:
    summary = IngestSummary()
    Ingestion(door, checkpoints, reading or Reading()).take([path], summary)
    return str(summary)


def fail_after(path: Path, batches: int, checkpoints: RememberedCheckpoints) -> None:
    with pytest.raises(StoreUnreachable):
        run(path, FailingDoor(batches), checkpoints)


def test_a_run_goes_on_where_the_store_went_away(path: Path) -> None:
    checkpoints = RememberedCheckpoints()
    fail_after(path, 13, checkpoints)
    door = RecordingDoor()

    told = run(path, door, checkpoints)

    assert told == "60000 accepted, 0 duplicates, 0 rejected; 65000 were taken by an earlier run"
    assert door.ids == [str(number) for number in range(65_000, 125_000)]


def test_a_run_that_is_stopped_ends_between_two_batches_and_is_taken_up(path: Path) -> None:
    checkpoints, door = RememberedCheckpoints(), RecordingDoor()
    stopping = Ingestion(door, checkpoints, is_stopped=lambda: len(door.bodies) == 2)

    with pytest.raises(Interrupted):
        stopping.take([path], IngestSummary())
    run(path, door, checkpoints)

    assert door.ids == [str(number) for number in range(125_000)]


def test_a_run_that_is_killed_sends_only_what_came_after_its_last_checkpoint(path: Path) -> None:
    killed = RememberedCheckpoints()
    run(path, RecordingDoor(), killed)
    checkpoints, door = RememberedCheckpoints(), RecordingDoor()
    [file] = killed.by_file
    # What a kill in the last batches leaves: nothing is recorded at the end.
    checkpoints.record(file, killed.history[1])

    told = run(path, door, checkpoints)

    assert killed.history == [Checkpoint(50_000), Checkpoint(100_000), Checkpoint()]
    assert told == "25000 accepted, 0 duplicates, 0 rejected; 100000 were taken by an earlier run"


def test_what_an_earlier_run_rejected_is_not_forgotten(tmp_path: Path) -> None:
    lines = ["{}"] * 7 + ['{"id":"1"}'] * (2 * EVENTS_A_BATCH)
    path, checkpoints = written(tmp_path / "events.ndjson", "\n".join(lines)), RememberedCheckpoints()
    fail_after(path, 1, checkpoints)

    told = run(path, RecordingDoor(), checkpoints)

    assert told == "5007 accepted, 0 duplicates, 7 rejected; 4993 were taken by an earlier run"


def test_a_file_that_was_taken_whole_is_sent_again(path: Path) -> None:
    checkpoints, door = RememberedCheckpoints(), RecordingDoor()
    run(path, RecordingDoor(), checkpoints)

    run(path, door, checkpoints)

    assert len(door.ids) == 125_000


def test_a_small_file_costs_no_checkpoint(tmp_path: Path) -> None:
    checkpoints = RememberedCheckpoints()

    run(written(tmp_path / "events.ndjson", '{"id":"1"}'), RecordingDoor(), checkpoints)

    assert checkpoints.history == []


def test_spans_that_were_taken_are_never_sent_again(tmp_path: Path) -> None:
    path = written(tmp_path / "spans.pb", otlp_request(span()).SerializeToString())
    checkpoints, door = RememberedCheckpoints(), RecordingDoor()
    run(path, door, checkpoints)

    told = run(path, door, checkpoints)

    assert told == "0 accepted, 0 duplicates, 0 rejected; 1 were taken by an earlier run"
    assert len(door.bodies) == 1


@pytest.mark.parametrize(
    ("content", "reading"),
    [
        pytest.param('{"id":"other"}', Reading(), id="other content"),
        pytest.param(None, Reading("erp"), id="another source"),
        pytest.param(None, Reading("", "order"), id="another object type"),
    ],
)
def test_a_file_that_would_give_other_events_begins_anew(path: Path, content: str | None, reading: Reading) -> None:
    checkpoints, door = RememberedCheckpoints(), RecordingDoor()
    fail_after(path, 1, checkpoints)
    if content:
        written(path, content)

    told = run(path, door, checkpoints, reading)

    assert told == f"{1 if content else 125000} accepted, 0 duplicates, 0 rejected"


class RecordedProgress(Progress):
    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []

    def begin(self, source: SourceFile, summary: IngestSummary) -> None:
        self.seen.append(("begin", source.bytes_read, summary.done))

    def advance(self, source: SourceFile, summary: IngestSummary) -> None:
        self.seen.append(("advance", source.bytes_read, summary.done))

    def end(self, source: SourceFile) -> None:
        self.seen.append(("end", source.bytes_read, 0))


@pytest.mark.parametrize("name", ["events.ndjson", "events.ndjson.gz"])
def test_progress_is_told_in_bytes_on_the_disk(tmp_path: Path, path: Path, name: str) -> None:
    progress = RecordedProgress()
    copy = written(tmp_path / f"copy-{name}", path.read_bytes())

    Ingestion(RecordingDoor(), RememberedCheckpoints(), progress=progress).take([copy], IngestSummary())

    size = copy.stat().st_size
    [begin, *advances, end] = progress.seen
    assert (begin, end[0], len(advances)) == (("begin", 0, 0), "end", BATCHES)
    assert advances == sorted(advances)
    assert advances[0][1] < size
    assert advances[-1] == ("advance", size, 125_000)
