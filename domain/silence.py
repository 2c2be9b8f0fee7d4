"""A silence: who asked that alerts of certain labels be told to nobody, from when until when, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SilenceState(StrEnum):
    """Whether a silence is still to begin, counts, or is over; it follows from the time alone."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence as it stands after its latest change.

    `matchers` are texts in Alertmanager's syntax, one matcher each, all of which an alert must meet. It counts from
    `starts_at` until before `ends_at`. `version` grows with every change.
    """

    silence_id: str
    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    updated_at: datetime
    version: int

    def state(self, now: datetime) -> SilenceState:
        """Where it stands at an instant."""
        if self.ends_at <= now:
            return SilenceState.EXPIRED
        return SilenceState.PENDING if self.starts_at > now else SilenceState.ACTIVE
