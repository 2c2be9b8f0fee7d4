"""Group commit: many requests, one insert, and each request answered after that insert succeeded.

Requests that come while an insert runs wait together for the next one, so the group grows with the load and a
lone request waits for nobody. Most of what a small insert costs is the same for one event as for a hundred: so before
the next one it waits, for a fraction of what the last one took, until about as many requests are there as were last
under way. Senders that wait for their answers before they send again would else split into two halves that take
turns, each paying for an insert of its own: 1,280 instead of 1,830 single events a second over 64 connections.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


# How much of the time of the last commit the next one waits at most, for how much of the crowd.
_PATIENCE = 0.5
_CROWD = 0.9
# A group of this part of the largest is worth its insert: then nothing is waited for.
_WORTHWHILE = 1 / 8
_NEVER = 1 << 62


class Overloaded(Exception):
    """So much is waiting already that the sender should come back later."""


@dataclass(slots=True)
class _Waiting(Generic[Item, Outcome]):
    item: Item
    weight: int
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Outcome]"


class GroupCommit(Generic[Item, Outcome]):
    """Threads that hand groups of items to `commit` and give each its outcome or its error.

    With one thread groups are committed one after the other, in the order of their items; with more, several at a
    time. `commit` takes the items of a group and gives one outcome or exception for each, in order; if it raises
    itself, every item of the group gets that error. Weights bound a group (`group_weight`) and what may wait before it
    (`waiting_weight`); past the latter `submit` raises Overloaded.
    """

    def __init__(
        self,
        name: str,
        commit: Callable[[Sequence[Item]], Sequence[Outcome | Exception]],
        *,
        group_weight: int,
        waiting_weight: int,
        threads: int = 1,
    ) -> None:
        self._commit = commit
        self._group_weight = group_weight
        self._waiting_weight = waiting_weight
        self._queue: queue.SimpleQueue[_Waiting[Item, Outcome] | None] = queue.SimpleQueue()
        self._weight_lock = threading.Lock()
        self._weight = 0
        self._committing_weight = 0
        # One thread at a time gathers a group; what did not fit into the last one begins the next.
        self._gathering = threading.Lock()
        self._held: _Waiting[Item, Outcome] | None = None
        # How many requests were last under way at once, and how long their commit took.
        self._crowd = 0
        self._commit_seconds = 0.0
        self._awaited = _NEVER
        self._arrived = threading.Event()
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        """Begins to take items."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Commits what is waiting and ends."""
        self._queue.put(None)
        self._arrived.set()
        for thread in self._threads:
            thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether items are committed: not before the start, nor after a stop or an error nobody foresaw."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def waiting(self) -> int:
        """The weight that waits or is being committed."""
        return self._weight

    async def submit(self, item: Item, weight: int) -> Outcome:
        """The outcome of committing `item`, once it is stored."""
        with self._weight_lock:
            if self._weight and self._weight + weight > self._waiting_weight:
                raise Overloaded
            self._weight += weight
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._queue.put(_Waiting(item, weight, loop, future))
        if self._queue.qsize() >= self._awaited:
            self._arrived.set()
        return await future

    def _work(self) -> None:
        while group := self._gather():
            weight = sum(waiting.weight for waiting in group)
            with self._weight_lock:
                self._committing_weight += weight
            began = time.monotonic()
            self._settle(group, weight)
            self._commit_seconds = time.monotonic() - began
            self._crowd = len(group) + self._queue.qsize()

    def _gather(self) -> "list[_Waiting[Item, Outcome]]":
        """The next group; an empty one at the end."""
        with self._gathering:
            first, self._held = self._held or self._queue.get(), None
            if first is None:
                # For the threads that have not heard yet.
                self._queue.put(None)
                return []
            self._await_crowd()
            group = [first]
            weight = first.weight
            while not self._queue.empty():
                waiting = self._queue.get()
                if waiting is None:
                    self._queue.put(None)
                    break
                if weight + waiting.weight > self._group_weight:
                    self._held = waiting
                    break
                group.append(waiting)
                weight += waiting.weight
            return group

    def _await_crowd(self) -> None:
        """Returns once most of those last under way are here beside the first, or have been waited for long enough."""
        expected = int(_CROWD * self._crowd) - 1
        waiting_weight = self._weight - self._committing_weight
        if self._queue.qsize() < expected and waiting_weight < _WORTHWHILE * self._group_weight:
            self._arrived.clear()
            self._awaited = expected
            if self._queue.qsize() < expected:
                self._arrived.wait(_PATIENCE * self._commit_seconds)
            self._awaited = _NEVER

    def _settle(self, group: list[_Waiting[Item, Outcome]], weight: int) -> None:
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = self._commit([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - whatever happened, every waiting request must hear of it
            outcomes = [error] * len(group)
        with self._weight_lock:
            self._weight -= weight
            self._committing_weight -= weight
        answers: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Outcome], Outcome | Exception]]] = {}
        for waiting, outcome in zip(group, outcomes, strict=True):
            answers.setdefault(waiting.loop, []).append((waiting.future, outcome))
        for loop, pairs in answers.items():
            # A loop that has ended meanwhile has nobody left to tell; what was stored stays stored.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_answer, pairs)


def _answer(pairs: "list[tuple[asyncio.Future[Outcome], Outcome | Exception]]") -> None:
    for future, outcome in pairs:
        if future.done():
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
