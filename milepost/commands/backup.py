"""`milepost backup` and `milepost restore`: a whole copy of the store, and a new store from one."""

import time
from pathlib import Path
from typing import Annotated

import typer

from domain.clock import SystemClock
from milepost.output import echo
from milepost.settings import Settings, load_settings
from storage.client import Store, read_dsn
from storage.folder_backup import Copied, back_up_folder, restore_folder
from storage.server_backup import back_up_database, restore_database

_PLACE = "A folder; of a server a place that its configuration allows, such as \"Disk('backups', 'milepost.zip')\"."


def backup(path: Annotated[str, typer.Argument(help=_PLACE)]) -> None:
    """Write a whole copy of the store, with checksums; an embedded store must not be in use."""
    settings, began = load_settings(), time.monotonic()
    if folder := read_dsn(settings.store)[2]:
        copied = back_up_folder(folder, Path(path), SystemClock().now())
        echo(f"{_words(copied)} in {path}, {time.monotonic() - began:.1f} s")
    else:
        with _server(settings) as store:
            back_up_database(store, path)
            echo(f"{store.where} in {path}, {time.monotonic() - began:.1f} s")


def restore(path: Annotated[str, typer.Argument(help=_PLACE)]) -> None:
    """Bring a backup into an empty store; one that is damaged or not whole is refused."""
    settings, began = load_settings(), time.monotonic()
    if folder := read_dsn(settings.store)[2]:
        copied = restore_folder(Path(path), folder)
        echo(f"{_words(copied)} from {path} in {folder}, {time.monotonic() - began:.1f} s")
    else:
        with _server(settings) as store:
            restore_database(store, path)
            echo(f"{store.where} from {path}, {time.monotonic() - began:.1f} s")


def _server(settings: Settings) -> Store:
    return Store(settings.store, cluster=settings.cluster)


def _words(copied: Copied) -> str:
    return f"{copied.files} files, {copied.size / 1e6:.1f} MB"
