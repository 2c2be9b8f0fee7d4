"""What a store asks before it writes, where only one of several engines may."""

from typing import Protocol


class Fence(Protocol):
    """Says whether this process may write; `epoch` is the number that tells its turn from those of others."""

    @property
    def epoch(self) -> int: ...

    def require(self) -> None:
        """LeaseLost where it may not."""
