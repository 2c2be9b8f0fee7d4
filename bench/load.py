"""Sends prepared requests over keep-alive connections and times every answer: plain sockets, so that the sender
costs little beside the collector on the same cores.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import msgspec
import uvloop

from bench.traffic import Request

_json = msgspec.json.Decoder()


@dataclass(slots=True)
class Sent:
    """What was acknowledged, how long all of it took, and how long each request took."""

    seconds: float = 0.0
    requests: int = 0
    items: int = 0
    checksum: int = 0
    latencies: list[float] = field(default_factory=list)


class WrongAnswer(Exception):
    """The collector answered something else than that all was taken."""


def send(
    port: int,
    connections: int,
    requests: Sequence[Request],
    most_seconds: float,
    requests_a_second: float | None = None,
) -> Sent:
    """Sends the requests, each connection its next one when the last is answered; stops early past `most_seconds`.

    With `requests_a_second` none is sent before its time, and its answer is timed from then, however late it leaves.
    """
    return uvloop.run(_send(port, connections, requests, most_seconds, requests_a_second))


async def _send(
    port: int, connections: int, requests: Sequence[Request], most_seconds: float, requests_a_second: float | None
) -> Sent:
    loop = asyncio.get_running_loop()
    sent = Sent()
    waiting = enumerate(requests)
    interval = 1 / requests_a_second if requests_a_second else 0.0
    senders = []
    for _ in range(connections):
        _, sender = await loop.create_connection(
            lambda: _Sender(waiting, sent, most_seconds, interval), "127.0.0.1", port
        )
        senders.append(sender)
    start = time.perf_counter()
    for sender in senders:
        sender.begin(start)
    try:
        await asyncio.gather(*(sender.done for sender in senders))
    finally:
        for sender in senders:
            sender.close()
    sent.seconds = time.perf_counter() - start
    return sent


class _Sender(asyncio.Protocol):
    def __init__(
        self, waiting: Iterator[tuple[int, Request]], sent: Sent, most_seconds: float, interval: float
    ) -> None:
        self._waiting = waiting
        self._interval = interval
        self._sent = sent
        self._most_seconds = most_seconds
        self._start = self._until = 0.0
        self._answer = bytearray()
        self._due_at = 0.0
        self._request: Request | None = None
        self._transport: asyncio.WriteTransport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by type.
        self._transport = cast(asyncio.WriteTransport, transport)

    def begin(self, start: float) -> None:
        self._start, self._until = start, start + self._most_seconds
        self._next(start)

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def _next(self, now: float) -> None:
        number, self._request = next(self._waiting, (0, None)) if now < self._until else (0, None)
        if self._request is None:
            self.done.set_result(None)
            return
        self._due_at = self._start + number * self._interval if self._interval else now
        if self._due_at > now:
            asyncio.get_running_loop().call_later(self._due_at - now, self._write)
        else:
            self._write()

    def _write(self) -> None:
        if self._transport and self._request:
            self._transport.write(self._request.wire)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head_end = self._answer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length_at = self._answer.find(b"content-length:")
        length = int(self._answer[length_at + 15 : self._answer.find(b"\r\n", length_at)])
        if len(self._answer) < head_end + 4 + length:
            return
        answer, self._answer = bytes(self._answer), bytearray()
        try:
            self._check(int(answer[9:12]), answer[head_end + 4 :])
        except WrongAnswer as error:
            self.done.set_exception(error)
            return
        self._next(time.perf_counter())

    def _check(self, status: int, body: bytes) -> None:
        request = self._request
        assert request is not None
        if request.wire.startswith(b"POST /v1/traces"):
            # rotel writes out that no span was rejected.
            right = status == 200 and body in (b"", b"\n\0")
        else:
            right = status in (200, 202) and _json.decode(body).get("accepted") == request.items
        if not right:
            raise WrongAnswer(f"{status} {body[:300]!r} to a request of {request.items}")
        self._sent.requests += 1
        self._sent.items += request.items
        self._sent.checksum = (self._sent.checksum + request.checksum) % 2**64
        self._sent.latencies.append(time.perf_counter() - self._due_at)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the collector closed the connection"))
