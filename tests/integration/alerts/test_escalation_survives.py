"""Escalation through a process that dies around any of its writes: every step is told, and none twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.errors import StoreUnreachable
from storage.alerts import write_transitions
from storage.client import Store
from tests.engine import Engine
from tests.fakes import BreakingStore, WebhookReceiver
from tests.integration.alerts.escalating import FIRST, MINUTE, POLICY, Place, four_receivers, over


class DyingStore(BreakingStore):
    """Once it broke off it answers nothing more, as nothing of a dead process does."""

    is_dead = False

    def _break_or(self, insert: Callable[[], None]) -> None:
        self.is_dead = self.is_dead or self.inserts_left == 0
        super()._break_or(insert)

    def rows(self, *arguments: Any, **more: Any) -> list[Any]:
        if self.is_dead:
            raise StoreUnreachable("dead")
        return super().rows(*arguments, **more)

    def revive(self, inserts_left: int | None) -> None:
        self.is_dead, self.inserts_left = False, inserts_left


def story_of(store: DyingStore, folder: Path, receivers: dict[str, WebhookReceiver], breaks_at: int | None) -> int:
    """Drives a group through both steps and its end; after that many writes the process dies, and another goes on."""
    place = Place(store, folder, receivers, POLICY)
    store.revive(breaks_at)
    for wait, told in ((0, FIRST), (15, FIRST), (30, FIRST), (5, over(FIRST)), (5, over(FIRST))):
        try:
            place.tick(told, after=wait * MINUTE)
        except StoreUnreachable:
            place.stop()
            store.revive(None)
            place.tick(told)
    place.stop()
    left = store.inserts_left or 0
    store.revive(None)
    return left


@pytest.mark.parametrize("after", [False, True], ids=["before a write", "after a write"])
def test_a_process_that_dies_around_any_write_tells_each_step_once(
    engine: Engine, embedded_store: Store, tmp_path: Path, after: bool
) -> None:
    with four_receivers() as receivers, DyingStore(engine.dsn(embedded_store.database)) as store:
        store.breaks_after = after
        write_transitions(store, [FIRST])
        writes = 1000 - story_of(store, tmp_path, receivers, 1000)
        wanted = told_of(receivers)
        assert wanted == {
            "ops": [("first_notification", "O-1"), ("all_resolved", "")],
            "ana": [("escalated", "O-1"), ("all_resolved", "")],
            "boss": [("escalated", "O-1"), ("all_resolved", "")],
        }
        assert writes >= 12
        # Every second write in each way, so that all of them are met.
        for breaks_at in range(int(after), writes, 2):
            for table in ("notifications", "notification_log", "escalations"):
                store.execute(f"TRUNCATE TABLE {table}")
            story_of(store, tmp_path, receivers, breaks_at)
            assert told_of(receivers) == wanted, f"broken at write {breaks_at}"


def told_of(receivers: dict[str, WebhookReceiver]) -> dict[str, list[tuple[str, str]]]:
    """What receivers that drop repeated ids were told: why, and what fires."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for name, receiver in receivers.items():
        while not receiver.is_quiet():
            message = receiver.next()
            told = (message.json["reason"], ", ".join(sorted(message.firing())))
            found.setdefault(name, {}).setdefault(message.json["notificationId"], told)
    return {name: list(messages.values()) for name, messages in found.items()}
