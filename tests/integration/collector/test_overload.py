"""More waits to be stored than may: the sender is told to come back, and nothing that waits is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector.receivers.cloudevents import BATCH, MOST_IN_BATCH
from storage.client import Store
from tests.engine import Engine
from tests.integration.collector.running import SlowStore, event, running_collector
from tests.waiting import eventually


@pytest.fixture
def slow_store(engine: Engine, embedded_store: Store) -> Iterator[SlowStore]:
    with SlowStore(engine.dsn(embedded_store.database)) as store:
        yield store


def test_a_sender_is_told_to_come_back_while_too_much_waits(slow_store: SlowStore) -> None:
    # Whatever they are, they are to be stored: as dead letters.
    largest = b"[" + b",".join([b"0"] * MOST_IN_BATCH) + b"]"
    with running_collector(slow_store) as collector, ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(collector.post, largest, BATCH) for _ in range(4)]
        eventually(lambda: collector.total("commit_waiting") == 4 * MOST_IN_BATCH, "four requests wait")

        refused = collector.send(event(1))
        slow_store.may_take.set()

        reason = "too much is waiting to be stored; come back later"
        assert (refused.status_code, refused.json()) == (503, {"code": "unavailable", "reason": reason})
        assert refused.headers["retry-after"] == "5"
        assert [one.result().status_code for one in waiting] == [200] * 4
        assert collector.send(event(1)).status_code == 202
        assert collector.total("requests_refused_total") == 1
        assert collector.total("dead_letters_total") == 4 * MOST_IN_BATCH
        assert collector.total("events_received_total") == 4 * MOST_IN_BATCH + 2
