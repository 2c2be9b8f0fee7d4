"""Group commit: everyone hears of their own outcome, in order, and only once it is settled."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from collector.group_commit import GroupCommit, Overloaded


class Gate:
    """A commit function that records its groups and waits until it is let through."""

    def __init__(self, outcome: Callable[[int], int | Exception] = lambda item: item * 10) -> None:
        self.groups: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self._outcome = outcome

    def commit(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.groups.append(list(items))
        self.entered.release()
        assert self.open.wait(10)
        return [self._outcome(item) for item in items]


@contextmanager
def running(
    gate: Gate, group_weight: int = 100, waiting_weight: int = 1000, threads: int = 1
) -> Iterator[GroupCommit[int, int]]:
    group: GroupCommit[int, int] = GroupCommit(
        "test", gate.commit, group_weight=group_weight, waiting_weight=waiting_weight, threads=threads
    )
    group.start()
    try:
        yield group
    finally:
        gate.open.set()
        group.stop()


async def entered(gate: Gate) -> None:
    """Returns once the commit function has been called once more."""
    assert await asyncio.to_thread(gate.entered.acquire, timeout=10)


async def waiting(group: GroupCommit[int, int], items: range, weight: int = 1) -> "list[asyncio.Task[int]]":
    """Tasks that submitted one item each, in order."""
    tasks = []
    for item in items:
        tasks.append(asyncio.ensure_future(group.submit(item, weight)))
        await asyncio.sleep(0)
    return tasks


def test_what_waits_while_a_group_commits_is_the_next_group() -> None:
    gate = Gate()

    async def scenario(group: GroupCommit[int, int]) -> list[int]:
        first = await waiting(group, range(1))
        await entered(gate)
        rest = await waiting(group, range(1, 6))
        gate.open.set()
        return await asyncio.gather(*first, *rest)

    with running(gate) as group:
        assert asyncio.run(scenario(group)) == [0, 10, 20, 30, 40, 50]
        assert group.waiting == 0
    assert gate.groups == [[0], [1, 2, 3, 4, 5]]


def test_a_group_ends_where_its_weight_would_be_exceeded_and_order_stays() -> None:
    gate = Gate()

    async def scenario(group: GroupCommit[int, int]) -> None:
        first = await waiting(group, range(1))
        await entered(gate)
        rest = await waiting(group, range(1, 8), weight=40)
        gate.open.set()
        await asyncio.gather(*first, *rest)

    with running(gate) as group:
        asyncio.run(scenario(group))
    assert gate.groups == [[0], [1, 2], [3, 4], [5, 6], [7]]


def test_an_item_heavier_than_a_group_is_a_group_of_its_own() -> None:
    gate = Gate()
    gate.open.set()

    with running(gate, group_weight=10) as group:
        assert asyncio.run(group.submit(7, 500)) == 70


def test_past_what_may_wait_senders_are_told_to_come_back_and_later_taken() -> None:
    gate = Gate()

    async def scenario(group: GroupCommit[int, int]) -> int:
        first = await waiting(group, range(2), weight=50)
        await entered(gate)
        with pytest.raises(Overloaded):
            await group.submit(2, 1)
        gate.open.set()
        await asyncio.gather(*first)
        return await group.submit(2, 1)

    with running(gate, waiting_weight=100) as group:
        assert asyncio.run(scenario(group)) == 20


def test_an_item_heavier_than_what_may_wait_is_taken_when_nothing_waits() -> None:
    gate = Gate()
    gate.open.set()

    with running(gate, waiting_weight=10) as group:
        assert asyncio.run(group.submit(1, 50)) == 10


def test_everyone_of_a_failed_group_hears_of_it_and_the_next_group_is_taken() -> None:
    gate = Gate()

    def refuse(item: int) -> int:
        if len(gate.groups) == 1:
            raise RuntimeError("the disk is full")
        return item

    gate = Gate(refuse)
    gate.open.set()

    async def scenario(group: GroupCommit[int, int]) -> None:
        errors = await asyncio.gather(group.submit(1, 1), return_exceptions=True)
        assert [str(error) for error in errors] == ["the disk is full"]
        assert await group.submit(2, 1) == 2

    with running(gate) as group:
        asyncio.run(scenario(group))


def test_one_error_of_a_group_reaches_its_sender_alone() -> None:
    gate = Gate(lambda item: ValueError(f"not {item}") if item == 2 else item)

    async def scenario(group: GroupCommit[int, int]) -> list[int | BaseException]:
        first = await waiting(group, range(1))
        await entered(gate)
        rest = await waiting(group, range(1, 4))
        gate.open.set()
        return await asyncio.gather(*first, *rest, return_exceptions=True)

    with running(gate) as group:
        answers = asyncio.run(scenario(group))

    assert [str(answer) for answer in answers] == ["0", "1", "not 2", "3"]


def test_a_sender_that_gave_up_does_not_keep_the_others_waiting() -> None:
    gate = Gate()

    async def scenario(group: GroupCommit[int, int]) -> int:
        [gone, stays] = await waiting(group, range(2))
        await entered(gate)
        gone.cancel()
        gate.open.set()
        return await stays

    with running(gate) as group:
        assert asyncio.run(scenario(group)) == 10


class EndingLoop(asyncio.SelectorEventLoop):
    """A loop that ends right after the commit thread asked whether it has."""

    def is_closed(self) -> bool:
        return super().is_closed() and threading.current_thread().name != "test"


def test_senders_whose_loop_has_ended_do_not_keep_the_others_waiting() -> None:
    gate = Gate()

    async def leave(group: GroupCommit[int, int]) -> None:
        await waiting(group, range(1))
        await entered(gate)

    async def ask(group: GroupCommit[int, int]) -> int:
        task = asyncio.ensure_future(group.submit(1, 1))
        await asyncio.sleep(0)
        gate.open.set()
        return await asyncio.wait_for(task, 10)

    ending = EndingLoop()
    with running(gate) as group:
        with asyncio.Runner(loop_factory=lambda: ending) as runner:
            runner.run(leave(group))
        assert asyncio.run(ask(group)) == 10
        assert group.is_alive
    assert not group.is_alive


def test_stopping_commits_what_waits() -> None:
    gate = Gate()

    async def scenario(group: GroupCommit[int, int]) -> list[int]:
        first = await waiting(group, range(1))
        await entered(gate)
        rest = await waiting(group, range(1, 4), weight=60)
        stopping = asyncio.ensure_future(asyncio.to_thread(group.stop))
        gate.open.set()
        await stopping
        return await asyncio.gather(*first, *rest)

    group: GroupCommit[int, int] = GroupCommit("test", gate.commit, group_weight=100, waiting_weight=1000)
    group.start()

    assert asyncio.run(scenario(group)) == [0, 10, 20, 30]


def test_with_two_threads_two_groups_are_committed_at_a_time() -> None:
    gate = Gate()

    async def scenario(group: GroupCommit[int, int]) -> list[int]:
        first = await waiting(group, range(1))
        await entered(gate)
        second = await waiting(group, range(1, 2))
        await entered(gate)
        assert gate.groups == [[0], [1]]
        gate.open.set()
        return await asyncio.gather(*first, *second)

    with running(gate, threads=2) as group:
        assert asyncio.run(scenario(group)) == [0, 10]
    assert not group.is_alive


class Ledger:
    """Commits that cost what an insert does, and how many items each group held."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.entered = threading.Semaphore(0)

    def commit(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.entered.release()
        hashlib.pbkdf2_hmac("sha256", b"some", b"work", 100_000)
        self.groups.append(len(items))
        return items


def test_those_just_answered_are_waited_for_so_that_they_do_not_split_into_halves() -> None:
    ledger = Ledger()
    group: GroupCommit[int, int] = GroupCommit("test", ledger.commit, group_weight=1000, waiting_weight=1000)

    async def ask_again_and_again(number: int) -> None:
        for _ in range(8):
            await group.submit(number, 1)

    async def scenario() -> None:
        # Half of them come while the first are committed: without patience they would take turns for ever.
        early = [asyncio.ensure_future(ask_again_and_again(number)) for number in range(8)]
        await asyncio.to_thread(ledger.entered.acquire)
        await asyncio.gather(*early, *(ask_again_and_again(number) for number in range(8, 16)))

    group.start()
    asyncio.run(scenario())
    group.stop()

    assert max(ledger.groups) == 16
    assert sum(ledger.groups) == 128


def test_a_lone_sender_is_waited_for_by_nobody() -> None:
    ledger = Ledger()
    group: GroupCommit[int, int] = GroupCommit("test", ledger.commit, group_weight=1000, waiting_weight=1000)

    async def scenario() -> None:
        for number in range(5):
            await group.submit(number, 1)

    group.start()
    asyncio.run(scenario())
    group.stop()

    assert ledger.groups == [1, 1, 1, 1, 1]
