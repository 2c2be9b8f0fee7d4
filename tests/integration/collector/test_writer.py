"""The one writer: what it says is settled is settled, and a row that the store refuses is refused alone."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import Candidate, Received, Rejection
from collector.writer import EventOutcome, EventSubmission, EventWriter
from domain.clock import FixedClock, SystemClock
from domain.errors import StoreUnreachable
from domain.instants import EPOCH, format_instant
from storage.client import PATIENCE_SECONDS, Row, Store
from storage.dead_letters import list_dead_letters
from storage.engine_state import Watermark, write_watermark
from storage.events import count_events
from storage.milestones import Touched, touched_stretches
from storage.store_clock import store_now
from tests.builders import NOW, event_row
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine
from tests.integration.collector.running import CountingStore

POISON = "twelve"


def submission(*event_ids: str, amount: str | None = None) -> EventSubmission:
    """A request with one event an id; an amount that is no number passes no check but the store's own."""
    rows = [event_row(event_id, objects=[f"order/{event_id}"], amount=amount) for event_id in event_ids]
    candidates = [Candidate(index, row, True, row.event_id.encode()) for index, row in enumerate(rows)]
    return EventSubmission(Received(candidates), "text/plain")


def joined(*parts: EventSubmission) -> EventSubmission:
    """One request of the events of several."""
    candidates = [candidate for part in parts for candidate in part.received.candidates]
    for index, candidate in enumerate(candidates):
        candidate.index = index
    return EventSubmission(Received(candidates, is_batch=True), "text/plain")


def writer_on(store: Store) -> EventWriter:
    return EventWriter(store, FixedClock(NOW), CollectorMetrics(CollectorRegistry()))


def outcomes(writer: EventWriter, *group: EventSubmission) -> Sequence[EventOutcome]:
    found = writer.commit(group)
    assert all(isinstance(outcome, EventOutcome) for outcome in found)
    return [outcome for outcome in found if isinstance(outcome, EventOutcome)]


def test_an_event_that_the_store_refuses_does_not_take_the_others_of_its_group_down(
    store: Store, engine: Engine
) -> None:
    mixed = joined(submission("a"), submission("bad", amount=POISON), submission("b"))

    first, second = outcomes(writer_on(store), mixed, submission("c"))

    assert (first.accepted, first.duplicates, second) == (2, 0, EventOutcome(accepted=1))
    assert first.rejected == [Rejection(1, "bad", "crm", "store_refused", "the store cannot hold this event", b"bad")]
    stored = engine.select(store, "SELECT event_id FROM events ORDER BY event_id")
    assert [row["event_id"] for row in stored] == ["a", "b", "c"]
    [letter] = list_dead_letters(store, 10)
    assert (letter["event_id"], letter["code"]) == ("bad", "store_refused")


def test_a_refused_event_is_not_taken_for_known_when_it_comes_again_right(store: Store) -> None:
    writer = writer_on(store)
    outcomes(writer, submission("e-1", amount=POISON))

    assert outcomes(writer, submission("e-1", amount="12")) == [EventOutcome(accepted=1)]


def test_a_refused_event_among_many_is_found_in_few_inserts(
    embedded_store: Store, engine: Engine, migrated_database: str
) -> None:
    mixed = joined(
        submission(*(f"a{number}" for number in range(600))),
        submission("bad", amount=POISON),
        submission(*(f"b{number}" for number in range(400))),
    )

    with CountingStore(engine.dsn(migrated_database)) as store:
        [outcome] = outcomes(writer_on(store), mixed)

    assert (outcome.accepted, [rejection.event_id for rejection in outcome.rejected]) == (1000, ["bad"])
    assert count_events(embedded_store) == 1000
    assert store.inserts["events_input"] <= 21


def test_repeats_of_a_refused_event_are_refused_like_it(store: Store) -> None:
    first, second = outcomes(writer_on(store), submission("bad", "worse", amount=POISON), submission("bad", amount="1"))

    assert [rejection.code for rejection in first.rejected + second.rejected] == ["store_refused"] * 3


def test_the_same_event_twice_in_one_group_is_one_event_and_one_repeat(embedded_store: Store) -> None:
    found = outcomes(writer_on(embedded_store), submission("a", "a"), submission("a"))

    assert found == [EventOutcome(accepted=1, duplicates=1), EventOutcome(duplicates=1)]
    assert count_events(embedded_store) == 1


def test_a_right_repeat_beside_a_conflict_is_a_repeat_of_what_is_stored(embedded_store: Store) -> None:
    writer = writer_on(embedded_store)
    right, wrong = submission("a"), submission("a")
    wrong.received.candidates[0].event.type = "order.cancelled"
    outcomes(writer, right)

    conflict, repeat = outcomes(writer, wrong, right)

    assert [rejection.code for rejection in conflict.rejected] == ["conflict"]
    assert repeat == EventOutcome(duplicates=1)


def test_groups_are_stamped_in_the_order_of_their_commits_even_while_the_clock_stands(
    embedded_store: Store, engine: Engine
) -> None:
    writer = writer_on(embedded_store)
    for event_id in ("c", "b", "a"):
        outcomes(writer, submission(event_id))

    rows = engine.select(embedded_store, "SELECT event_id FROM events ORDER BY received_at")

    assert [row["event_id"] for row in rows] == ["c", "b", "a"]


def test_a_clock_that_is_set_back_does_not_stamp_into_what_was_settled(embedded_store: Store, engine: Engine) -> None:
    clock = FixedClock(NOW)
    writer = EventWriter(embedded_store, clock, CollectorMetrics(CollectorRegistry()))
    settled = writer.settled_through()
    clock.advance(timedelta(hours=-1))

    outcomes(writer, submission("a"))

    [row] = engine.select(embedded_store, "SELECT received_at FROM events")
    assert row["received_at"] > settled


def test_a_clock_that_is_set_back_does_not_hold_up_what_is_settled(embedded_store: Store) -> None:
    clock = FixedClock(NOW)
    writer = EventWriter(embedded_store, clock, CollectorMetrics(CollectorRegistry()))
    settled = writer.settled_through()
    clock.advance(timedelta(hours=-1))
    outcomes(writer, submission("a"))

    through = writer.settled_through()

    assert through > settled
    assert received_until(embedded_store, through) == 1


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param("received", id="what was received"),
        pytest.param("evaluated", id="what was evaluated"),
    ],
)
def test_a_start_with_a_clock_that_is_behind_stamps_after_it_all_the_same(
    embedded_store: Store, engine: Engine, caplog: pytest.LogCaptureFixture, behind: str
) -> None:
    store = embedded_store
    ahead = NOW + timedelta(hours=1)
    if behind == "received":
        outcomes(EventWriter(store, FixedClock(ahead), CollectorMetrics(CollectorRegistry())), submission("old"))
    else:
        write_watermark(store, "milestones", Watermark(ahead, "v"), ahead)

    writer = writer_on(store)
    outcomes(writer, submission("a"))
    outcomes(writer, submission("b"))

    rows = engine.select(store, "SELECT event_id, received_at FROM events WHERE event_id != 'old' ORDER BY received_at")
    assert [row["event_id"] for row in rows] == ["a", "b"]
    assert rows[0]["received_at"] > ahead
    assert writer.settled_through() == rows[1]["received_at"]
    [told] = [record.getMessage() for record in caplog.records if record.name == "milepost.collector"]
    assert told == (
        f"the clock says {format_instant(NOW)}, but this store's events are received and evaluated up to "
        f"{format_instant(ahead + timedelta(microseconds=1))}: events are dated then, and deadlines wait until the "
        "clock has caught up"
    )


def test_a_clock_that_is_right_is_not_spoken_of(embedded_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    writer = writer_on(embedded_store)
    outcomes(writer, submission("a"))
    writer.settled_through()

    assert caplog.records == []


class WatchedStore(Store):
    """A store that says what is settled while it is asked for known identities, which takes a second."""

    clock: FixedClock
    writer: EventWriter
    settled: datetime

    def rows(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        fragments: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> list[Row]:
        if query == "events_by_identity":
            self.clock.advance(timedelta(seconds=1))
            self.settled = self.writer.settled_through()
        return super().rows(query, params, fragments, settings, seconds)


def test_an_event_is_stamped_only_when_its_insert_begins(
    embedded_store: Store, engine: Engine, migrated_database: str
) -> None:
    outcomes(writer_on(embedded_store), submission("a"))
    with WatchedStore(engine.dsn(migrated_database)) as store:
        store.clock = FixedClock(NOW + timedelta(minutes=1))
        store.writer = EventWriter(store, store.clock, CollectorMetrics(CollectorRegistry()))

        outcomes(store.writer, submission("a", "b"))

    [row] = engine.select(embedded_store, "SELECT received_at FROM events WHERE event_id = 'b'")
    assert store.settled == store.clock.now()
    assert row["received_at"] == store.clock.now() + timedelta(microseconds=1)


def test_after_it_is_said_to_be_settled_nothing_received_until_then_appears(embedded_store: Store) -> None:
    writer = EventWriter(embedded_store, SystemClock(), CollectorMetrics(CollectorRegistry()))
    done = threading.Event()
    seen: list[tuple[datetime, int]] = []

    def watch() -> None:
        while not done.is_set():
            through = writer.settled_through()
            seen.append((through, received_until(embedded_store, through)))

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        for number in range(30):
            outcomes(writer, submission(*(f"{number}-{part}" for part in range(20))))
        done.set()
        watching.result()

    assert len({count for _, count in seen}) > 1
    for through, count in seen[-50:]:
        assert received_until(embedded_store, through) == count


def received_until(store: Store, through: datetime) -> int:
    """How many objects had arrived by an instant, asked as a tick asks."""
    return touched_stretches(store, Touched(EPOCH, through), 1)[0]


@pytest.mark.clickhouse_server
def test_a_group_that_got_no_answer_is_settled_when_the_store_can_be_asked(
    engine: Engine, migrated_database: str
) -> None:
    engine.clear(migrated_database)
    endpoint = ClickHouseEndpoint(engine.folder)
    with serving(endpoint):
        store = Store(endpoint.dsn(migrated_database))
        writer = writer_on(store)
    with store:
        with pytest.raises(StoreUnreachable):
            writer.commit([submission("a")])
        with pytest.raises(StoreUnreachable):
            writer.settled_through()

        with serving(ClickHouseEndpoint(engine.folder, port=endpoint.server_port)):
            # A server's events are stamped by its own clock.
            now = store_now(store)
            assert abs(writer.settled_through() - now) < timedelta(minutes=1)


class HalfStore(Store):
    """A store that breaks off between the tables of its first insert."""

    breaks_off = True

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        super().insert(table, body, fmt, settings, seconds)
        if self.breaks_off:
            self.breaks_off = False
            self.execute("TRUNCATE TABLE object_milestones")
            raise StoreUnreachable("broken off")


def test_what_an_insert_without_an_answer_left_half_done_is_completed_before_it_counts_as_settled(
    engine: Engine, embedded_store: Store
) -> None:
    with HalfStore(engine.dsn(embedded_store.database)) as store:
        writer = writer_on(store)
        with pytest.raises(StoreUnreachable):
            writer.commit([submission("a", "b")])
        [again] = outcomes(writer, submission("a", "b"))

        through = writer.settled_through()

    assert (again.accepted, again.duplicates) == (0, 2)
    assert received_until(embedded_store, through) == 2
