"""An incident with an escalation policy through a process that dies around any of its writes: nothing twice or lost."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import StoreUnreachable
from storage.client import Store
from tests.builders import NOW
from tests.engine import Engine
from tests.fakes import WebhookReceiver
from tests.integration.alerts.escalated_outage import routing_text
from tests.integration.alerts.escalating import four_receivers
from tests.integration.alerts.outage import Outage, numbers
from tests.integration.alerts.test_escalation_survives import DyingStore

POLICY = """
escalation:
  policies:
    - {name: o2c, steps: [{after: 15m, receivers: [ana]}, {after: 30m, receivers: [boss]}]}
"""
NOTHING: list[int] = []


class Story:
    """Drives incidents through both steps and their end, each of other orders and later than the one before."""

    def __init__(self, world: Store, store: DyingStore, folder: Path, receivers: dict[str, WebhookReceiver]) -> None:
        self._world, self._store, self._folder, self._receivers = world, store, folder, receivers
        self._told = 0

    def tell(self, breaks_at: int) -> int:
        """The writes that were left when it ended; after that many the process dies, and another goes on."""
        self._told += 1
        self._store.revive(None)
        text = routing_text(self._receivers, POLICY)
        start_at = NOW + self._told * timedelta(days=40)
        outage = Outage(self._world, self._folder, text, start_at, self._store)
        self._store.revive(breaks_at)
        orders = [10 * self._told + number for number in range(4)]
        # Digits are no part of a signature.
        word = "".join(chr(ord("a") + int(digit)) for digit in str(self._told))
        outage.fail(*orders, thrown=(f"Case{word}", "locked"), minute=self._told * 40 * 24 * 60 - 60)
        outage.fire(*orders[:2], fired_at=start_at, deadline_at=start_at)
        for minutes in (0, 15, 30, 5, 5, 5):
            if minutes == 30:
                outage.fire(*orders[2:], fired_at=outage.clock.now(), deadline_at=outage.clock.now())
            if minutes == 5 and outage.clock.now() == start_at + timedelta(minutes=50):
                outage.end(*orders)
            try:
                outage.tick(timedelta(minutes=minutes))
            except StoreUnreachable:
                outage.pipeline.stop()
                self._store.revive(None)
                outage.restart()
                outage.tick()
        outage.pipeline.stop()
        left = self._store.inserts_left or 0
        self._store.revive(None)
        return left

    def heard(self) -> dict[str, list[tuple[str, list[int], list[int]]]]:
        """What receivers that drop repeated ids were told: why, which orders fire, which are over."""
        found: dict[str, dict[str, tuple[str, list[int], list[int]]]] = {}
        for name, receiver in self._receivers.items():
            while not receiver.is_quiet():
                one = receiver.next()
                firing, over = ([n - 10 * self._told for n in numbers(some)] for some in (one.firing(), one.resolved()))
                found.setdefault(name, {}).setdefault(one.json["notificationId"], (one.json["reason"], firing, over))
        return {name: list(messages.values()) for name, messages in found.items()}


@pytest.mark.parametrize("after", [False, True], ids=["before a write", "after a write"])
def test_a_process_that_dies_around_any_write_tells_each_step_of_an_incident_once(
    engine: Engine, embedded_store: Store, tmp_path: Path, after: bool
) -> None:
    with four_receivers() as receivers, DyingStore(engine.dsn(embedded_store.database)) as store:
        store.breaks_after = after
        story = Story(embedded_store, store, tmp_path, receivers)
        writes = 1000 - story.tell(1000)
        news, end = ("material_change", [0, 1, 2, 3], NOTHING), ("all_resolved", NOTHING, [0, 1, 2, 3])
        wanted = {
            "ops": [("first_notification", [0, 1], NOTHING), news, end],
            "ana": [("escalated", [0, 1], NOTHING), news, end],
            "boss": [("escalated", [0, 1, 2, 3], NOTHING), end],
        }
        assert story.heard() == wanted
        assert writes >= 16
        # Every second write in each way, so that all of them are met.
        for breaks_at in range(int(after), writes, 2):
            story.tell(breaks_at)
            assert story.heard() == wanted, f"broken at write {breaks_at}"
