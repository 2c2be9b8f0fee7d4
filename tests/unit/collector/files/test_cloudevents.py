"""Files of CloudEvents on their way to the door: in bounded batches, broken lines together, other kinds refused."""

import gzip
import json
from pathlib import Path

import pytest

from collector.files.formats import ACCEPTED
from collector.files.ingestion import BYTES_A_BATCH, Ingestion, IngestSummary
from collector.files.items import LARGEST_EVENT
from collector.receivers.cloudevents import BATCH, STRUCTURED
from domain.errors import UsageError
from tests.unit.collector.files.doors import RecordingDoor, RememberedCheckpoints, ingest


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"id":"1"}\n{"id":"2"}\n', id="one a line"),
        pytest.param(b'{"id":"1"}\r\n\r\n\n{"id":"2"}', id="with empty lines and no end"),
        pytest.param(b'\n[{"id":"1"},\n {"id":"2"}]\n', id="an array"),
    ],
)
@pytest.mark.parametrize("name", ["events.json", "events.ndjson.gz"])
def test_events_are_taken_however_they_are_written(tmp_path: Path, name: str, content: bytes) -> None:
    assert ingest(tmp_path / name, content, RecordingDoor()) == IngestSummary(accepted=2)


def test_an_event_spread_over_lines_is_one(tmp_path: Path) -> None:
    door = RecordingDoor()

    summary = ingest(tmp_path / "event.json", json.dumps({"id": "1"}, indent=2).encode(), door)

    assert summary == IngestSummary(accepted=1)
    assert len(door.bodies) == 1


def test_batches_of_large_events_stay_below_what_the_door_takes(tmp_path: Path) -> None:
    door = RecordingDoor()
    events = [json.dumps({"id": str(number), "data": "x" * 1_000_000}).encode() for number in range(20)]
    events.append(json.dumps({"id": "large", "data": "x" * (BYTES_A_BATCH + 5)}).encode())

    summary = ingest(tmp_path / "events.ndjson", b"\n".join(events), door)

    assert summary == IngestSummary(accepted=21)
    sizes = [len(body) for _, body in door.bodies]
    assert len(sizes) == 4
    assert max(sizes[:-1]) < BYTES_A_BATCH + 100


def test_a_batch_holds_five_thousand_small_events_and_problems_keep_their_lines(tmp_path: Path) -> None:
    door = RecordingDoor()
    path = tmp_path / "events.ndjson"

    summary = ingest(path, b'{"id":"1"}\n' * 5_001 + b"{}\n", door)

    assert [len(json.loads(body)) for _, body in door.bodies] == [5_000, 2]
    assert summary == IngestSummary(5_001, 0, 1, problems=[f"{path}:5002: id is missing"])


def test_an_event_larger_than_the_door_takes_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    large = json.dumps({"id": "x" * LARGEST_EVENT}).encode()

    summary = ingest(path, b'[{"id":"1"},' + large + b"]", RecordingDoor())

    told = f"{path}:2: an event of {len(large)} bytes; {LARGEST_EVENT} are taken"
    assert summary == IngestSummary(1, 0, 1, problems=[told])


def test_broken_lines_go_together_and_each_is_told_of(tmp_path: Path) -> None:
    door = RecordingDoor()
    path = tmp_path / "events.ndjson"

    summary = ingest(path, b'{"id":"1"}\n{"id":\nword\n{"id":"2"}\n', door)

    assert door.bodies == [(STRUCTURED, b'{"id":\nword\n'), (BATCH, b'[{"id":"1"}\n,{"id":"2"}\n]')]
    assert (summary.accepted, summary.rejected) == (2, 2)
    assert summary.problems == [
        f"{path}:2: not JSON: Input data was truncated",
        f"{path}:3: not JSON: JSON is malformed: invalid character (byte 0)",
    ]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"id;type;amount\n" + b"1;order;5.00\n" * 500, 100, id="a long table"),
        pytest.param(b"id;type;amount\n\n1;order;5.00\n", 2, id="a short table"),
        pytest.param(b"id" * LARGEST_EVENT, 2, id="something without lines"),
    ],
)
def test_a_file_of_another_kind_is_refused_before_anything_is_sent(tmp_path: Path, content: bytes, lines: int) -> None:
    door = RecordingDoor()
    path = tmp_path / "orders"

    with pytest.raises(UsageError) as caught:
        ingest(path, content, door)

    assert str(caught.value) == (
        f"{path}: none of its first {lines} lines is JSON (JSON is malformed: invalid character (byte 0)); give "
        "CloudEvents as JSON, an array of them, or one a line (NDJSON), or name another kind of file with --format"
    )
    assert door.bodies == []


def test_a_good_line_among_the_first_hundred_is_enough(tmp_path: Path) -> None:
    summary = ingest(tmp_path / "events.ndjson", b"word\n" * 99 + b'{"id":"1"}\n' + b"word\n" * 200, RecordingDoor())

    assert (summary.accepted, summary.rejected, len(summary.problems)) == (1, 299, 20)


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_a_file_without_anything_is_taken(tmp_path: Path, content: bytes) -> None:
    assert ingest(tmp_path / "events.ndjson", content, RecordingDoor()) == IngestSummary()


def test_a_file_that_is_not_there_is_named_before_any_other_is_sent(tmp_path: Path) -> None:
    there, missing = tmp_path / "events.json", tmp_path / "missing.json"
    there.write_bytes(b'{"id":"1"}\n')
    door = RecordingDoor()

    with pytest.raises(UsageError) as caught:
        Ingestion(door, RememberedCheckpoints()).take([there, missing], IngestSummary())

    assert str(caught.value) == f"{missing}: no such file; give {ACCEPTED}"
    assert door.bodies == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            gzip.compress(b'{"id":"1"}\n')[:-9],
            "Compressed file ended before the end-of-stream marker was reached",
            id="one that ends too soon",
        ),
        pytest.param(b'{"id":"1"}\n', "Not a gzipped file (b'{\"')", id="one that is no gzip"),
    ],
)
def test_a_gzip_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "events.ndjson.gz"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        Ingestion(RecordingDoor(), RememberedCheckpoints()).take([path], IngestSummary())

    assert str(caught.value) == f"{path}: cannot be read: {reason}"
