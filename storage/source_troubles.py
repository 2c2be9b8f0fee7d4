"""What of each source could not be taken, or was taken although it breaks its contract."""

from dataclasses import dataclass
from datetime import datetime

from storage.client import Store

_FLAGGED = "flagged:"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way in which a source's events went wrong: a dead letter's code, or a flag of its contract."""

    source: str
    code: str
    letters: int
    waiting: int
    last_at: datetime
    last_reason: str

    @property
    def is_flag(self) -> bool:
        """Whether the events were stored all the same."""
        return self.code.startswith(_FLAGGED)

    @property
    def word(self) -> str:
        """The code or the flag by itself."""
        return self.code.removeprefix(_FLAGGED)


def source_troubles(store: Store, since: datetime) -> list[Trouble]:
    """By source what went wrong since an instant, the most frequent first."""
    return [Trouble(**row) for row in store.rows("console_source_troubles", {"since": since})]
