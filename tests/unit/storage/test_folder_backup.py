"""A copy of a store is whole or refused, and nothing is written over."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import UsageError
from storage.folder_backup import Copied, back_up_folder, restore_folder
from storage.folder_lock import LOCK, FolderLock
from tests.builders import NOW


def content(folder: Path) -> dict[str, str]:
    """What is in a store: the text of its files, and where its links lead."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink()) if path.is_symlink() else path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.name != LOCK and (path.is_symlink() or path.is_file())
    }


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder that looks like a store at rest."""
    folder = tmp_path / "store"
    (folder / "store" / "2e2").mkdir(parents=True)
    (folder / "store" / "2e2" / "data.bin").write_text("rows")
    (folder / "store" / "2e2" / "empty").mkdir()
    (folder / "metadata").mkdir()
    (folder / "metadata" / "milepost.sql").write_text("ATTACH")
    (folder / "metadata" / "milepost").symlink_to("../store/2e2")
    (folder / "tmp").mkdir()
    (folder / "tmp" / "unfinished").write_text("x")
    (folder / LOCK).write_text("{}")
    return folder


@pytest.fixture
def backup(store: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    back_up_folder(store, tmp_path / "backup", NOW)
    return tmp_path / "backup"


def test_what_is_restored_is_what_was_backed_up(store: Path, backup: Path, tmp_path: Path) -> None:
    assert restore_folder(backup, tmp_path / "new") == Copied(2, 10)

    before = content(store)
    del before["tmp/unfinished"]
    assert content(tmp_path / "new") == before
    assert (tmp_path / "new/store/2e2/empty").is_dir()


def test_only_its_owner_may_read_a_backup(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o700


def test_a_restoring_that_was_cut_short_is_begun_anew(backup: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / ".restoring" / "store").mkdir(parents=True)

    restore_folder(backup, tmp_path / "new")

    assert (tmp_path / "new/metadata/milepost.sql").exists()
    assert not (tmp_path / "new/.restoring").exists()


def test_a_backup_that_was_cut_short_is_begun_anew(store: Path, tmp_path: Path) -> None:
    (tmp_path / "backup.partial").mkdir()
    (tmp_path / "backup.partial" / "half").write_text("x")

    back_up_folder(store, tmp_path / "backup", NOW)

    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == ["backup.json", "store"]


def _remove(backup: Path) -> None:
    (backup / "store/store/2e2/data.bin").unlink()


def _add(backup: Path) -> None:
    (backup / "store/store/2e2/more.bin").write_text("x")


def _shorten(backup: Path) -> None:
    (backup / "store/store/2e2/data.bin").write_text("row")


def _change(backup: Path) -> None:
    (backup / "store/store/2e2/data.bin").write_text("rowz")


def _lead_away(backup: Path) -> None:
    (backup / "store/metadata/milepost").unlink()
    (backup / "store/metadata/milepost").symlink_to("/etc")


DATA = "store/2e2/data.bin"


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        pytest.param(_remove, f"is not whole: it lacks {DATA}", id="a file is missing"),
        pytest.param(_add, "was changed: it holds store/2e2/more.bin", id="a file is too many"),
        pytest.param(_shorten, f"is damaged: {DATA} has another size", id="a file is cut off"),
        pytest.param(_change, f"is damaged: {DATA} has other content", id="a byte is another"),
        pytest.param(_lead_away, "is damaged: metadata/milepost leads elsewhere", id="a link leads away"),
    ],
)
def test_a_backup_that_is_not_as_it_was_written_is_refused(
    harm: Callable[[Path], None], problem: str, backup: Path, tmp_path: Path
) -> None:
    harm(backup)

    with pytest.raises(UsageError) as refusal:
        restore_folder(backup, tmp_path / "new")

    assert str(refusal.value) == f"the backup {backup} {problem}; nothing was restored"
    assert not (tmp_path / "new").exists()


def test_a_folder_without_a_manifest_is_no_backup(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        restore_folder(store, tmp_path / "new")
    assert str(refusal.value) == f"{store} is no backup: backup.json cannot be read: No such file or directory"


@pytest.mark.parametrize("text", ["[]", "{", json.dumps({"format": "other/1", "files": {"a": [1, ""]}, "links": {}})])
def test_another_manifest_is_refused(text: str, backup: Path, tmp_path: Path) -> None:
    (backup / "backup.json").write_text(text)

    with pytest.raises(UsageError) as refusal:
        restore_folder(backup, tmp_path / "new")
    assert str(refusal.value) == (f"{backup} is no backup of this program: backup.json does not say milepost-backup/1")


def test_a_store_that_holds_anything_is_not_written_over(backup: Path, store: Path) -> None:
    before = content(store)

    with pytest.raises(UsageError) as refusal:
        restore_folder(backup, store)

    assert str(refusal.value) == f"the store {store} is not empty, it holds metadata; give a new MILEPOST_STORE"
    assert content(store) == before


def test_a_backup_is_not_written_over(backup: Path, store: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        back_up_folder(store, backup, NOW)
    assert str(refusal.value) == f"{backup} is there already; give a path that is not"


def test_a_backup_does_not_go_into_the_store(store: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        back_up_folder(store, store / "backup", NOW)
    assert str(refusal.value) == f"{store / 'backup'} is in the store itself; give a path outside of {store}"


def test_a_folder_that_never_was_a_store_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        back_up_folder(tmp_path / "nowhere", tmp_path / "backup", NOW)
    assert str(refusal.value) == (
        f"there is no store at {tmp_path / 'nowhere'}; MILEPOST_STORE says which is backed up"
    )


def test_a_place_that_cannot_be_written_is_told(store: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(UsageError) as refusal:
        back_up_folder(store, tmp_path / "file" / "backup", NOW)
    assert str(refusal.value) == f"{tmp_path / 'file/backup.partial'} cannot be used: Not a directory"


def test_the_store_is_free_again_afterwards(backup: Path, store: Path) -> None:
    FolderLock(store, None, "").release()
