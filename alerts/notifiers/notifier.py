"""What every notifier offers, and how it says that a try failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerts.notification import FailureReason, Notification
from domain.errors import ConfigError


class DeliveryError(Exception):
    """A try that failed; `permanent` when the same message can never succeed.

    `retry_after` is how long the receiver asked to be left alone. `may_have_arrived` says that the receiver may have
    done what was asked, although it did not say so. The text never holds an address's path or
    query, since those carry secrets.
    """

    def __init__(
        self,
        reason: FailureReason,
        message: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after
        self.may_have_arrived = may_have_arrived


@contextmanager
def reading_secrets() -> Iterator[None]:
    """Turns the ConfigError of a secret that is gone, for now perhaps, into a try that failed."""
    try:
        yield
    except ConfigError as error:
        raise DeliveryError(FailureReason.CONFIGURATION, str(error)) from error


class Notifier(Protocol):
    """Writes and sends messages of one kind to one place; used by one thread at a time."""

    def compose(self, notification: Notification) -> str:
        """The body to send, which is stored before the first try and the same at every try."""

    def send(self, notification: Notification, now: datetime) -> str:
        """Makes one try; returns once the receiver has taken the message, else raises DeliveryError.

        Gives the receipt by which later messages of the conversation find this one, empty where none is needed.
        """

    def close(self) -> None:
        """Gives connections back."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One configured notifier of a receiver; `name` is its kind and place in the list, such as webhook[0]."""

    receiver: str
    name: str
    notifier: Notifier
    send_resolved: bool
