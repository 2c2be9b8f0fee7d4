"""Rate limits: a token bucket that lets a burst through and is paid afterwards, since only then the count is known."""

import re
import threading
import time
from collections.abc import Callable

# How much of an unused allowance a sender may use at once.
BURST_SECONDS = 5.0
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)/([sm])")
UNLIMITED = "unlimited"


class Allowance:
    """What one sender may send; a request that took more than was left is waited for afterwards."""

    def __init__(self, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = max(per_second * BURST_SECONDS, 1.0)
        self._monotonic = monotonic
        self._left = self._most
        self._at = monotonic()
        self._lock = threading.Lock()

    def wait_seconds(self) -> float:
        """How long the sender has to wait; 0 when the next request may come in."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._left + (now - self._at) * self._per_second, self._most)
            self._at = now
            return max(0.0, (1.0 - self._left) / self._per_second) if self._left < 1.0 else 0.0

    def charge(self, count: int) -> None:
        """Takes the events or spans of a request from what is left."""
        with self._lock:
            self._left -= count


def parse_rate(text: str) -> float | None:
    """Events or spans a second from a text such as 500/s or 90/m; None for `unlimited`."""
    if text == UNLIMITED:
        return None
    match = _RATE.fullmatch(text.replace(" ", ""))
    rate = float(match.group(1)) / (60 if match.group(2) == "m" else 1) if match else 0.0
    if rate <= 0:
        raise ValueError(f"{text!r} is not a rate; give events a second or a minute, such as 500/s, or {UNLIMITED}")
    return rate
