"""Claims of engines to act on a store, and their signs of life: written and read so that every reader sees all of them.

On a cluster an insert is answered once most replicas have it, and a read that asks for it sees all that was answered.
One server has all that it answered anyway.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum

from storage.client import INSERT_SECONDS, Store, encode_rows

_QUORUM: dict[str, object] = {"insert_quorum": "auto", "insert_quorum_parallel": 0, "async_insert": 0}
_ALL_ANSWERED: dict[str, object] = {"select_sequential_consistency": 1}


class ClaimState(StrEnum):
    """How it stands with a claim: it waits, is acted on, was given up after that, or was given up before."""

    WAITING = "waiting"
    ACTIVE = "active"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"

    @property
    def is_over(self) -> bool:
        """Whether its holder has said that it does nothing more by it."""
        return self in (ClaimState.RELEASED, ClaimState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Claim:
    """One engine's claim to an epoch; `beat` grows with every sign of life.

    `is_resumed` says that it has taken up the messages that the engine before left on their way.
    """

    epoch: int
    holder: str
    beat: int = 0
    state: ClaimState = ClaimState.WAITING
    is_resumed: bool = False

    @property
    def rank(self) -> tuple[int, str]:
        """Of two claims the one of the higher rank counts: of one epoch the greater name, which is drawn by lot."""
        return self.epoch, self.holder


class Claims:
    """The claims on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> list[Claim]:
        """Every claim; of very many the latest epochs."""
        rows = self._store.rows("engine_claims", settings=_ALL_ANSWERED, seconds=INSERT_SECONDS)
        return [Claim(**{**row, "state": ClaimState(row["state"])}) for row in rows]

    def write(self, claim: Claim) -> None:
        """Stores a claim over its earlier state; returns once every later `read` sees it."""
        body = encode_rows([asdict(claim)])
        self._store.insert("engine_claims", body, settings=_QUORUM, seconds=INSERT_SECONDS)
