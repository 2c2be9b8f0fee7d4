"""A drop folder: complete files are taken and archived, others wait, what cannot be taken is put aside and told why."""

import os
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collector.files.door import Taken
from collector.files.drop_folder import SETTLED_AFTER, DropFolder
from collector.files.ingestion import Ingestion
from domain.clock import FixedClock
from domain.errors import StoreUnreachable, UsageError
from tests.builders import NOW
from tests.unit.collector.files.doors import RecordingDoor, RememberedCheckpoints, written

EVENT = '{"id":"1"}\n'


class Drop:
    """A followed folder, its door, its clock and what it reported."""

    def __init__(self, path: Path, door: RecordingDoor | None = None) -> None:
        self.path = path
        self.door = door or RecordingDoor()
        self.clock = FixedClock(NOW)
        self.reports: list[str] = []
        self.folder = DropFolder(path, Ingestion(self.door, RememberedCheckpoints()), self.clock, self.reports.append)

    def put(self, name: str, content: str = EVENT, *, at: datetime | None = None) -> Path:
        """A file as if written at that instant; at present unless said."""
        path = written(self.path / name, content)
        seconds = (at or self.clock.now()).timestamp()
        os.utime(path, (seconds, seconds))
        return path

    def wait(self, duration: timedelta = SETTLED_AFTER) -> None:
        """Lets time pass and looks."""
        self.clock.advance(duration)
        self.folder.look()

    def names(self) -> list[str]:
        """Every file in and below the folder."""
        return sorted(
            str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_symlink() or not path.is_dir()
        )


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_a_complete_file_is_taken_and_archived(drop: Drop) -> None:
    drop.put("a.ndjson")
    drop.folder.look()
    assert (drop.names(), drop.door.ids) == (["a.ndjson"], [])

    drop.wait()

    assert (drop.names(), drop.door.ids) == (["archive/a.ndjson"], ["1"])
    assert drop.reports == ["a.ndjson: 1 accepted, 0 duplicates, 0 rejected"]


def test_a_file_that_was_renamed_in_is_taken_at_once(drop: Drop) -> None:
    drop.put("a.ndjson", at=NOW - timedelta(hours=1))

    drop.folder.look()

    assert drop.names() == ["archive/a.ndjson"]


def test_a_file_that_grows_is_left(drop: Drop) -> None:
    for number in range(5):
        drop.put("a.ndjson", EVENT * (number + 1))
        drop.wait(SETTLED_AFTER - timedelta(seconds=1))

    assert (drop.names(), drop.door.bodies) == (["a.ndjson"], [])


def test_a_file_of_a_clock_that_is_ahead_is_taken_once_it_keeps_still(drop: Drop) -> None:
    drop.put("a.ndjson", at=NOW + timedelta(hours=1))
    drop.folder.look()

    drop.wait()

    assert drop.names() == ["archive/a.ndjson"]


def test_a_file_that_grew_while_it_was_read_is_taken_again_whole(tmp_path: Path) -> None:
    class Slow(RecordingDoor):
        def events(self, content_type: str, body: bytes) -> Taken:
            if not self.bodies:
                growing.put("a.ndjson", EVENT * 2, at=NOW + timedelta(seconds=9))
            return super().events(content_type, body)

    growing = Drop(tmp_path, Slow())
    growing.put("a.ndjson", at=NOW - timedelta(hours=1))
    growing.folder.look()
    assert growing.names() == ["a.ndjson"]

    growing.wait(timedelta(seconds=20))

    assert growing.names() == ["archive/a.ndjson"]
    assert growing.door.ids == ["1", "1", "1"]


@pytest.mark.parametrize("name", [".a.ndjson", "a.ndjson.part", "a.filepart", "a.ndjson~", "a.TMP"])
def test_names_of_unfinished_files_are_left(drop: Drop, name: str) -> None:
    drop.put(name, at=NOW - timedelta(hours=1))

    drop.wait()

    assert drop.names() == [name]


def test_a_file_with_rejections_is_put_aside_with_the_reason_and_its_good_events_are_taken(drop: Drop) -> None:
    drop.put("a.ndjson", EVENT + "{}\n", at=NOW - timedelta(hours=1))

    drop.folder.look()

    assert drop.names() == ["error/a.ndjson", "error/a.ndjson.reason"]
    assert (drop.path / "error/a.ndjson.reason").read_text() == (
        f"1 accepted, 0 duplicates, 1 rejected\n{drop.path}/a.ndjson:2: id is missing\n"
    )


def test_a_file_that_cannot_be_read_is_put_aside_with_the_reason(drop: Drop) -> None:
    drop.put("a.xml", "<html/>", at=NOW - timedelta(hours=1))
    drop.put("b.ndjson", at=NOW - timedelta(hours=1))

    drop.folder.look()

    assert drop.names() == ["archive/b.ndjson", "error/a.xml", "error/a.xml.reason"]
    assert "its root is <html>" in (drop.path / "error/a.xml.reason").read_text()


def test_a_name_that_was_there_before_is_kept_beside_the_new_one(drop: Drop) -> None:
    for _ in range(3):
        drop.put("a.ndjson", at=NOW - timedelta(hours=1))
        drop.folder.look()

    assert drop.names() == ["archive/a.ndjson", "archive/a.ndjson.2", "archive/a.ndjson.3"]


def test_links_odd_names_and_pipes_are_put_aside_unread(drop: Drop, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = written(tmp_path_factory.mktemp("elsewhere") / "secret.ndjson", EVENT)
    (drop.path / "link.ndjson").symlink_to(secret)
    os.mkfifo(drop.path / "pipe.ndjson")
    drop.put("a..ndjson")
    drop.put("a\udcff\n.ndjson")

    drop.folder.look()

    reasons = {path.name: path.read_text() for path in (drop.path / "error").glob("*.reason")}
    assert reasons == {
        "link.ndjson.reason": "link.ndjson is a symbolic link; put the file itself here\n",
        "pipe.ndjson.reason": "pipe.ndjson is not a regular file\n",
        "a..ndjson.reason": "a..ndjson has .. in its name; rename it\n",
        "a\udcff\n.ndjson.reason": "its name has characters that cannot be shown; rename it\n",
    }
    assert (drop.door.bodies, secret.read_text()) == ([], EVENT)
    assert (drop.path / "error/link.ndjson").is_symlink()


def test_an_archive_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop/archive").symlink_to(tmp_path)

    with pytest.raises(UsageError) as caught:
        Drop(tmp_path / "drop")

    assert str(caught.value) == f"--watch: {tmp_path}/drop/archive is a symbolic link; it must be a folder of its own"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Drop(tmp_path / "missing")

    assert str(caught.value) == f"--watch: {tmp_path}/missing is not a folder"


def test_while_the_store_is_away_files_wait_and_the_failure_is_told_once(tmp_path: Path) -> None:
    stop = threading.Event()

    class Away(RecordingDoor):
        asked = 0

        def events(self, content_type: str, body: bytes) -> Taken:
            self.asked += 1
            if self.asked == 3:
                stop.set()
            if self.asked < 3:
                raise StoreUnreachable("the store does not answer")
            return super().events(content_type, body)

    drop = Drop(tmp_path, Away())
    drop.put("a.ndjson", at=NOW - timedelta(hours=1))

    drop.folder.follow(stop)

    assert drop.names() == ["archive/a.ndjson"]
    assert drop.reports == [
        f"watching {tmp_path}",
        "the store does not answer; trying again",
        "a.ndjson: 1 accepted, 0 duplicates, 0 rejected",
    ]
