"""Sends CloudEvents to a collector in batches, trying again while it is busy or away."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self

import httpx
import msgspec

from domain.errors import UsageError
from milepost.demo.traffic import Event

BATCH_SIZE = 500
# A collector stores many requests in one insert, so a few at a time are faster than one.
_CONNECTIONS = 8
_FIRST_TRIES = 5
_LONGEST_PAUSE = 10.0
_BUSY = (429, 503)


class _Rejection(msgspec.Struct):
    index: int
    reason: str


class _Answer(msgspec.Struct):
    accepted: int
    duplicates: int
    rejected: list[_Rejection]


@dataclass
class Totals:
    """What collectors have answered to the events sent so far; `undelivered` are those given up at the stop."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    undelivered: int = 0
    first_reason: str = ""

    @property
    def sent(self) -> int:
        return self.accepted + self.duplicates + self.rejected

    def __str__(self) -> str:
        text = f"{self.accepted:,} accepted, {self.duplicates:,} duplicates, {self.rejected:,} rejected"
        if self.undelivered:
            text += f", {self.undelivered:,} not delivered"
        return f"{text} (first reason: {self.first_reason})" if self.first_reason else text


class EventSender:
    """Posts events to `{endpoint}/v1/events`; UsageError where no collector answers from the start.

    A collector that has answered once is waited for until `stop`: what it did not take is sent again.
    """

    def __init__(
        self,
        endpoint: str,
        stop: threading.Event,
        report: Callable[[str], None],
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._endpoint, self._stop, self._report = endpoint, stop, report
        # A proxy of the environment knows no way to this machine's loopback, where the collector listens.
        limits = httpx.Limits(max_connections=_CONNECTIONS)
        self._client = httpx.Client(timeout=30, limits=limits, trust_env=False, headers=headers)
        self._pool = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="demo-sender")
        self._pending: deque[tuple[int, Future[_Answer | None]]] = deque()
        self._lock = threading.Lock()
        self._has_answered = False
        self._is_away = False
        self._totals = Totals()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def send(self, events: Sequence[Event]) -> None:
        """Hands events to the connections; waits only while too many batches are under way."""
        for first in range(0, len(events), BATCH_SIZE):
            batch = events[first : first + BATCH_SIZE]
            body = msgspec.json.encode(batch)
            self._pending.append((len(batch), self._pool.submit(self._post, body)))
            # One try finds out whether there is a collector; a crowd of them would find out no more.
            if not self._has_answered or len(self._pending) > 2 * _CONNECTIONS:
                self._settle_one()

    def settle(self) -> Totals:
        """Waits for every answer still out and gives the totals so far."""
        while self._pending:
            self._settle_one()
        return self._totals

    def _settle_one(self) -> None:
        size, future = self._pending.popleft()
        answer = future.result()
        if answer is None:
            self._totals.undelivered += size
            return
        self._totals.accepted += answer.accepted
        self._totals.duplicates += answer.duplicates
        self._totals.rejected += len(answer.rejected)
        if answer.rejected and not self._totals.first_reason:
            self._totals.first_reason = answer.rejected[0].reason

    def _post(self, body: bytes) -> _Answer | None:
        """The collector's answer to one batch, or None when the stop came first."""
        url = f"{self._endpoint}/v1/events"
        headers = {"content-type": "application/cloudevents-batch+json"}
        tries = 0
        while True:
            tries += 1
            pause = min(0.25 * 2 ** (tries - 1), _LONGEST_PAUSE)
            try:
                response = self._client.post(url, content=body, headers=headers)
            except httpx.TransportError as error:
                if not self._has_answered and tries == _FIRST_TRIES:
                    raise UsageError(
                        f"no collector answers at {self._endpoint} ({error}); start one with `milepost up`"
                    ) from None
                self._note_away()
            else:
                self._note_answered()
                if response.status_code not in _BUSY:
                    return self._read(url, response)
                pause = _retry_after(response, pause)
            if self._stop.wait(pause):
                return None

    def _note_away(self) -> None:
        with self._lock:
            if self._has_answered and not self._is_away:
                self._is_away = True
                self._report(f"the collector at {self._endpoint} does not answer; trying again until it does")

    def _note_answered(self) -> None:
        with self._lock:
            if self._is_away:
                self._report(f"the collector at {self._endpoint} answers again")
            self._has_answered, self._is_away = True, False

    @staticmethod
    def _read(url: str, response: httpx.Response) -> _Answer:
        if response.status_code != 200:
            raise UsageError(f"{url} answered {response.status_code}: {response.text[:200]}")
        try:
            return msgspec.json.decode(response.content, type=_Answer)
        except msgspec.MsgspecError as error:
            raise UsageError(f"{url} does not answer as a collector does: {error}") from None


def _retry_after(response: httpx.Response, otherwise: float) -> float:
    """The pause a busy collector asks for, in seconds; its other form, a date, is not used by collectors."""
    text = response.headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE) if text.isdecimal() else otherwise
