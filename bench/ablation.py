"""Where an event's processor time goes: each step of the way in by itself, on the traffic of the ingest benchmark."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry

from bench.figures import Figure
from bench.processes import contract_door, shipped_contracts
from bench.traffic import event_batches
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import BATCH, Received, read_request
from collector.writer import EventSubmission, EventWriter
from domain.clock import SystemClock
from domain.instants import to_micros
from milepost.collection import collect_rarely
from storage.client import Store
from storage.events import EventRow, encode_events, insert_events
from storage.migrator import migrate

_EVENTS_A_BATCH = 500
# As many batches as sixteen connections bring at once.
_BATCHES_A_GROUP = 16
_GROUPS = 10


Item = TypeVar("Item")


class _Forgetful(Store):
    """A store that takes every insert and keeps none: what is left is the work before it."""

    def insert(self, *_: object, **__: object) -> None:
        """Nothing."""


def steps(rounds: int) -> list[Figure]:
    """Processor time an event at each step, one after the other; HTTP and merges are what the whole has beyond them."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder:
        dsn = f"chdb://{Path(folder) / 'store'}"
        with Store(dsn) as store, _Forgetful(dsn) as forgetful, Store(f"{dsn}?database=bare") as bare:
            for one in (store, bare):
                migrate(one, SystemClock().now())
            for view in ("events_view", "object_milestones_view"):
                bare.execute(f"DROP VIEW {view}")
            collect_rarely()
            measured = [_round(store, bare, forgetful, number) for number in range(rounds + 1)][1:]
    return [
        Figure("where", what, "µs", [each[what] for each in measured], more_is_better=False) for what in measured[0]
    ]


def _round(store: Store, bare: Store, forgetful: Store, number: int) -> dict[str, float]:
    clock = SystemClock()
    metrics = CollectorMetrics(CollectorRegistry())
    bodies = [
        request.wire.partition(b"\r\n\r\n")[2]
        for request in event_batches(f"w{number}", _BATCHES_A_GROUP * _GROUPS, _EVENTS_A_BATCH)
    ]
    received: list[Received] = []
    door, writer = contract_door(shipped_contracts()), EventWriter(forgetful, clock, metrics)
    cost: dict[str, float] = {}
    cost["decode and check"] = _cost(lambda body: received.append(read_request(BATCH, (), body, clock.now())), bodies)
    cost["contracts"] = _cost(lambda one: door.apply(one, metrics), received)
    groups = _grouped([EventSubmission(one, BATCH) for one in received])
    settled = _cost(writer.commit, groups)
    rows = [_rows(group, to_micros(clock.now()) + place) for place, group in enumerate(groups)]
    cost["encode"] = _cost(encode_events, rows)
    cost["identity"] = settled - cost["encode"]
    parsed = _cost(lambda group: insert_events(bare, group), rows)
    cost["insert: ClickHouse parses"] = parsed - cost["encode"]
    cost["insert: two tables are written"] = _cost(lambda group: insert_events(store, group), rows) - parsed
    return cost


def _grouped(submissions: Sequence[EventSubmission]) -> Sequence[Sequence[EventSubmission]]:
    return [submissions[start : start + _BATCHES_A_GROUP] for start in range(0, len(submissions), _BATCHES_A_GROUP)]


def _rows(group: Sequence[EventSubmission], received_us: int) -> list[EventRow]:
    rows = [candidate.event for submission in group for candidate in submission.received.candidates]
    for row in rows:
        row.received_us = received_us
    return rows


def _cost(work: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Processor time of all threads in µs an event."""
    before = time.process_time()
    for item in items:
        work(item)
    return 1e6 * (time.process_time() - before) / (_GROUPS * _BATCHES_A_GROUP * _EVENTS_A_BATCH)
