"""How far files were taken, kept beside the events that came from them."""

from datetime import datetime

from storage.client import Store, encode_rows


def read_checkpoint(store: Store, file: str) -> tuple[int, int]:
    """How many items of a file are taken, and how many of them were rejected; zeros where it is not known."""
    rows = store.rows("file_checkpoint", {"file": file})
    return (rows[0]["items"], rows[0]["rejected"]) if rows else (0, 0)


def write_checkpoint(store: Store, file: str, items: int, rejected: int, recorded_at: datetime) -> None:
    """Records how far a file is taken."""
    row = {"file": file, "items": items, "rejected": rejected, "recorded_at": recorded_at}
    store.insert("file_checkpoints", encode_rows([row]))
