"""Hands items to a running group commit from a thread that is no event loop's, such as a replay's."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from collector.group_commit import GroupCommit, Overloaded
from domain.errors import StoreUnreachable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def submit_all(
    commit: GroupCommit[Item, Outcome], items: Sequence[Item], weight: Callable[[Item], int]
) -> list[Outcome | Exception]:
    """The outcome of each item once all are settled, or why it could not be stored."""

    async def settled(item: Item) -> Outcome | Exception:
        try:
            return await commit.submit(item, weight(item))
        except Overloaded:
            return StoreUnreachable("too much is waiting to be stored; replay the rest later")
        except Exception as error:  # noqa: BLE001 - the caller sorts out what can be told of it
            return error

    async def together() -> list[Outcome | Exception]:
        return await asyncio.gather(*map(settled, items))

    return asyncio.run(together())
