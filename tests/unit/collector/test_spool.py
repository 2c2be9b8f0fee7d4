"""A spool gives back what it took, in order, once it is told to let go; whatever a kill left."""

import errno
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import spool as spool_module
from collector.spool import Record, Spool
from domain.errors import StoreError, StoreUnreachable

LIMIT = 1024 * 1024


def drained(spool: Spool) -> list[Record]:
    """Everything in the spool, which is empty afterwards."""
    found: list[Record] = []
    while records := spool.peek(100):
        found += records
        spool.advance(records)
    return found


def contents(records: Sequence[Record]) -> list[bytes]:
    return [record.content for record in records]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    steps=st.lists(
        st.lists(st.binary(max_size=40), min_size=1, max_size=4) | st.sampled_from(["drain one", "reopen"]), max_size=20
    )
)
def test_records_come_back_once_and_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, steps: list[list[bytes] | str]
) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 100)
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, LIMIT)
    appended: list[bytes] = []
    # What was let go of within a segment may come again after a start, under the id it had.
    seen: dict[str, bytes] = {}

    for step in [*steps, "drain all"]:
        if isinstance(step, list):
            spool.append(step)
            appended += step
        elif step == "reopen":
            spool.close()
            spool = Spool(folder, LIMIT)
        else:
            records = drained(spool) if step == "drain all" else spool.peek(1)
            seen.update({record.record_id: record.content for record in records})
            spool.advance(records if step == "drain one" else [])

    assert list(seen.values()) == appended
    assert spool.is_empty
    assert list(folder.glob("*.segment")) == []
    spool.close()


def test_what_an_earlier_process_left_is_found(tmp_path: Path) -> None:
    first = Spool(tmp_path, LIMIT)
    first.append([b"one", b"two"])
    first.close()

    with closing(Spool(tmp_path, LIMIT)) as second:
        second.append([b"three"])

        assert contents(drained(second)) == [b"one", b"two", b"three"]
        assert second.waiting_bytes == 0


@pytest.mark.parametrize("kept", [1, 8, 10, 13], ids=lambda kept: f"{kept} bytes of the last record")
def test_half_a_record_at_the_end_is_left_out(tmp_path: Path, kept: int, caplog: pytest.LogCaptureFixture) -> None:
    first = Spool(tmp_path, LIMIT)
    first.append([b"whole"])
    first.append([b"cut off"])
    first.close()
    [segment] = tmp_path.glob("*.segment")
    segment.write_bytes(segment.read_bytes()[: 8 + 5 + kept])

    with closing(Spool(tmp_path, LIMIT)) as spool:
        assert contents(drained(spool)) == [b"whole"]
    assert [line.getMessage() for line in caplog.records] == [
        f"{segment}: {kept} bytes at its end are no whole record, as a kill leaves them"
    ]


def test_a_damaged_segment_gives_what_is_before_and_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = Spool(tmp_path, LIMIT)
    first.append([b"whole", b"damaged", b"behind"])
    first.close()
    [segment] = tmp_path.glob("*.segment")
    segment.write_bytes(segment.read_bytes().replace(b"damaged", b"DAMAGED"))

    with closing(Spool(tmp_path, LIMIT)) as spool:
        assert contents(drained(spool)) == [b"whole"]
        assert spool.is_empty

    assert b"behind" in segment.with_suffix(".damaged").read_bytes()
    assert [line.getMessage() for line in caplog.records] == [
        f"{segment} is damaged at byte 13: what is before is stored, the file is kept"
    ]


def test_a_write_that_fails_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with closing(Spool(tmp_path, LIMIT)) as spool:
        spool.append([b"one"])
        with monkeypatch.context() as disk:
            disk.setattr("collector.spool.os.fdatasync", fails)
            with pytest.raises(StoreUnreachable) as refusal:
                spool.append([b"two"])
        spool.append([b"three"])

        reason = f"the store is away and the spool in {tmp_path} cannot be written: No space left on device"
        assert str(refusal.value) == reason
        assert contents(drained(spool)) == [b"one", b"three"]


def test_a_full_spool_takes_nothing_of_what_has_no_room(tmp_path: Path) -> None:
    with closing(Spool(tmp_path, 100)) as spool:
        spool.append([b"x" * 60])

        with pytest.raises(StoreUnreachable) as refusal:
            spool.append([b"y", b"z" * 60])

        assert str(refusal.value) == "the store is away and the spool of 100 bytes is full"
        assert contents(drained(spool)) == [b"x" * 60]
        spool.append([b"z" * 60])
        assert contents(drained(spool)) == [b"z" * 60]


def test_a_folder_serves_one_process(tmp_path: Path) -> None:
    first = Spool(tmp_path, LIMIT)

    with pytest.raises(StoreError, match="is held by another process") as refusal:
        Spool(tmp_path, LIMIT)

    expected = f"the spool {tmp_path} is held by another process; give this one another MILEPOST_SPOOL"
    assert str(refusal.value) == expected
    first.close()
    Spool(tmp_path, LIMIT).close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match=re.escape(f"the spool's folder {tmp_path / 'file' / 'x'} cannot be used: ")):
        Spool(tmp_path / "file" / "x", LIMIT)
