"""A request that is sent again is a duplicate; one whose insert failed is asked for."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from collector.metrics import CollectorMetrics
from collector.receivers.otlp import TraceRequest
from collector.spool_channels import SPANS
from collector.taken_once import TakenOnce
from domain.errors import InputError, StoreError
from storage.client import Store

Commit = Callable[[Sequence[TraceRequest]], Sequence[bool | Exception]]


class Memory:
    """A store of request bodies, and how the next commits end."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.asked: list[bytes] = []
        self.troubles: list[Exception] = []
        self.keeps_in_trouble = False

    def commit(self, group: Sequence[TraceRequest]) -> list[bool | Exception]:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is None or self.keeps_in_trouble:
            self.bodies += [request.body for request in group]
        return [trouble or True] * len(group)

    def fresh(self, _: Store, requests: Sequence[TraceRequest]) -> list[TraceRequest]:
        self.asked += [request.body for request in requests]
        return [replace(one, spans=0) if one.body in self.bodies else one for one in requests]


def taken_once(memory: Memory, commit: Commit | None = None, most: int = 100) -> tuple[TakenOnce[TraceRequest], Any]:
    """A commit on the memory, and what it has counted as duplicates."""
    metrics = CollectorMetrics(CollectorRegistry())
    kind = replace(SPANS, fresh=memory.fresh)
    once = TakenOnce(kind, cast(Store, memory), metrics, commit or memory.commit, most)
    return once, lambda: metrics.spans_duplicate._value.get()


def request(body: bytes, spans: int = 2) -> TraceRequest:
    return TraceRequest(body, spans)


def test_what_comes_again_in_a_group_or_later_is_stored_once_and_counted() -> None:
    memory = Memory()
    once, duplicates = taken_once(memory)

    assert once([request(b"a"), request(b"b"), request(b"a")]) == [True, True, True]
    assert once([request(b"b"), request(b"c")]) == [True, True]

    assert (memory.bodies, memory.asked, duplicates()) == ([b"a", b"b", b"c"], [], 4)


@pytest.mark.parametrize("keeps", [True, False], ids=["stored all the same", "not stored"])
def test_after_an_insert_without_a_word_the_store_is_asked(keeps: bool) -> None:
    memory = Memory()
    memory.keeps_in_trouble = keeps
    error = StoreError("too many parts")
    memory.troubles = [error]
    once, duplicates = taken_once(memory)

    assert once([request(b"a")]) == [error]
    assert once([request(b"a")]) == [True]
    assert once([request(b"a")]) == [True]

    assert (memory.bodies, memory.asked, duplicates()) == ([b"a"], [b"a"], 4 if keeps else 2)


def test_what_the_store_cannot_hold_is_refused_each_time() -> None:
    memory = Memory()
    error = InputError("store_refused", "no")
    memory.troubles = [error] * 3
    once, duplicates = taken_once(memory)

    assert once([request(b"a"), request(b"a")]) == [error, error]
    assert once([request(b"a")]) == [error]
    assert (memory.bodies, duplicates()) == ([], 0)


def test_a_commit_that_raises_leaves_nothing_under_way() -> None:
    memory = Memory()

    def raising(group: Sequence[TraceRequest]) -> Sequence[bool | Exception]:
        if memory.troubles:
            raise memory.troubles.pop()
        return memory.commit(group)

    memory.troubles = [OSError("disk")]
    once, _ = taken_once(memory, raising)

    with pytest.raises(OSError, match="disk"):
        once([request(b"a")])
    assert once([request(b"a")]) == [True]
    assert memory.asked == [b"a"]


def test_the_oldest_are_forgotten() -> None:
    memory = Memory()
    once, _ = taken_once(memory, most=2)
    for body in (b"a", b"b", b"c", b"a", b"c"):
        once([request(body)])

    assert memory.bodies == [b"a", b"b", b"c", b"a"]


def test_a_repeat_waits_for_what_another_thread_is_storing() -> None:
    memory = Memory()
    meet = threading.Barrier(2, timeout=30)

    def together(group: Sequence[TraceRequest]) -> Sequence[bool | Exception]:
        if group[0].body in (b"a", b"b"):
            meet.wait()
        return memory.commit(group)

    once, duplicates = taken_once(memory, together)
    with ThreadPoolExecutor(2) as pool:
        # Each holds what the other has begun to store, whichever comes first.
        groups = [[request(b"a"), request(b"c")], [request(b"b"), request(b"c")]]
        outcomes = [each.result(timeout=30) for each in [pool.submit(once, group) for group in groups]]

    assert outcomes == [[True, True], [True, True]]
    assert (sorted(memory.bodies), duplicates()) == ([b"a", b"b", b"c"], 2)
