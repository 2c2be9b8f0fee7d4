"""The folder of an embedded store."""

import stat
from pathlib import Path

from storage.folder_lock import LOCK, FolderLock


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_no_other_account_of_the_machine_reads_a_new_store(tmp_path: Path) -> None:
    FolderLock(tmp_path / "store", None, "token").release()

    assert (mode(tmp_path / "store"), mode(tmp_path / "store" / LOCK)) == (0o700, 0o600)


def test_a_folder_that_was_made_keeps_the_mode_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store").chmod(0o750)
    FolderLock(tmp_path / "store", None, "token").release()

    assert mode(tmp_path / "store") == 0o750
