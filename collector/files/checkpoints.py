"""Checkpoints of files, in the store of this process."""

from collector.files.door import Checkpoint
from domain.clock import Clock
from storage.client import Store
from storage.file_checkpoints import read_checkpoint, write_checkpoint


class StoreCheckpoints:
    """Reads and records how far files were taken."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def read(self, file: str) -> Checkpoint:
        """How far the file of that fingerprint was taken."""
        return Checkpoint(*read_checkpoint(self._store, file))

    def record(self, file: str, checkpoint: Checkpoint) -> None:
        """Records how far it is taken."""
        write_checkpoint(self._store, file, checkpoint.items, checkpoint.rejected, self._clock.now())
