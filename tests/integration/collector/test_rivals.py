"""Several collectors on one server: what slips past two doors at once is found, and counts as with one."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import Candidate, Received
from collector.writer import EventOutcome, EventSubmission, EventWriter
from domain.clock import SystemClock
from domain.instants import to_micros
from milepost.roles.settled import SettledStore
from storage.client import PATIENCE_SECONDS, Row, Store
from storage.dead_letters import list_dead_letters, show_dead_letter
from storage.engine_state import RULES_ENGINE, Watermark, write_watermark
from storage.events import SETTLED_AFTER, insert_events
from storage.store_clock import QUESTIONS, StoreClock, store_now
from tests.builders import NOW, event_row
from tests.clickhouse_endpoint import ClickHouseEndpoint
from tests.engine import Engine

pytestmark = pytest.mark.clickhouse_server
Do = Callable[[], None]


def nothing() -> None:
    """What does not happen."""


class BusyStore(Store):
    """A store on which something else happens right before or after events are stored, once."""

    before: Do = staticmethod(nothing)
    after: Do = staticmethod(nothing)

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        if table == "events_stamped_input":
            before, self.before = self.before, nothing
            before()
        super().insert(table, body, fmt, settings, seconds)
        if table == "events_stamped_input":
            after, self.after = self.after, nothing
            after()


class ForgetfulStore(Store):
    """A server whose clock is asked while it is an hour behind, and then right."""

    told = 0

    def rows(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        fragments: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> list[Row]:
        found = super().rows(query, params, fragments, settings, seconds)
        if query == "store_now":
            self.told += 1
            if self.told <= QUESTIONS:
                return [{"now": found[0]["now"] - timedelta(hours=1)}]
        return found


def writer_on(store: Store) -> EventWriter:
    return EventWriter(store, SystemClock(), CollectorMetrics(CollectorRegistry()))


def submission(*said: tuple[str, str]) -> EventSubmission:
    """A request with an event for each (id, what it says): it names the object of that name."""
    rows = [event_row(event_id, objects=[f"order/{word}"], data=json.dumps({"says": word})) for event_id, word in said]
    candidates = [Candidate(index, row, True, row.data.encode()) for index, row in enumerate(rows)]
    return EventSubmission(Received(candidates, is_batch=True), "text/plain")


def taken(writer: EventWriter, *said: tuple[str, str]) -> tuple[int, int, list[str]]:
    """How many were accepted and duplicates, and the codes of what was refused."""
    [outcome] = writer.commit([submission(*said)])
    assert isinstance(outcome, EventOutcome)
    return outcome.accepted, outcome.duplicates, [one.code for one in outcome.rejected]


def stored(engine: Engine, store: Store) -> dict[str, str]:
    """What each event says that stands; each is there once."""
    rows = engine.select(store, "SELECT event_id, data FROM events FINAL")
    found = {row["event_id"]: json.loads(row["data"])["says"] for row in rows}
    assert len(found) == len(rows)
    return found


def milestones(engine: Engine, store: Store) -> set[tuple[str, str]]:
    rows = engine.select(store, "SELECT object_id, event_id FROM object_milestones FINAL")
    return {(row["event_id"], row["object_id"]) for row in rows}


def letters(store: Store) -> list[tuple[str, str]]:
    """The id and words of each event that is kept as a conflict."""
    found = []
    for row in list_dead_letters(store, 1_000):
        assert row["code"] == "conflict"
        letter = show_dead_letter(store, row["dead_letter_id"])
        assert letter is not None
        body = json.loads(base64.b64decode(letter["body_base64"]))
        found.append((row["event_id"], body.get("data", body)["says"]))
    return sorted(found)


@pytest.fixture
def one_clock(server_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """All collectors read the server's clock alike, to the microsecond: else who stamps first is a matter of luck."""
    clock = StoreClock(server_store)
    monkeypatch.setattr("collector.writer.StoreClock", lambda store: clock)


@pytest.fixture
def busy(endpoint: ClickHouseEndpoint, server_store: Store) -> BusyStore:
    """The server as one of the collectors sees it."""
    return BusyStore(endpoint.dsn(server_store.database))


def test_an_event_that_another_collector_stored_since_the_start_is_a_duplicate(server_store: Store) -> None:
    one, other = writer_on(server_store), writer_on(server_store)
    taken(one, ("e-1", "a"), ("e-2", "b"))
    other.keep_up()

    assert taken(other, ("e-1", "a"), ("e-2", "changed"), ("e-3", "c")) == (1, 1, ["conflict"])


@pytest.mark.parametrize(
    ("word", "outcome", "kept"),
    [
        pytest.param("a", (0, 1, []), [], id="the same is a duplicate"),
        pytest.param("b", (0, 0, ["conflict"]), [("e-1", "b")], id="another content is a conflict"),
    ],
)
@pytest.mark.usefixtures("one_clock")
def test_of_two_that_are_stored_at_once_the_later_one_sees_the_other(
    server_store: Store, busy: BusyStore, engine: Engine, word: str, outcome: tuple[int, int, list[str]], kept: object
) -> None:
    one, other = writer_on(busy), writer_on(server_store)
    first: list[object] = []
    # The other one looks while this one, stamped before, is stored and has not been acknowledged.
    busy.after = lambda: first.append(taken(other, ("e-1", word)))

    own = taken(one, ("e-1", "a"))

    assert (own, first) == ((1, 0, []), [outcome])
    assert (stored(engine, server_store), milestones(engine, server_store)) == ({"e-1": "a"}, {("e-1", "a")})
    assert letters(server_store) == kept


def test_a_conflict_that_its_own_collector_could_not_see_is_kept_by_the_other(
    server_store: Store, busy: BusyStore, engine: Engine
) -> None:
    one = writer_on(busy)
    # Stamped after this one and stored before it: its collector looked, and saw nothing.
    later = store_now(server_store) + timedelta(hours=1)
    row = event_row("e-1", objects=["order/b"], data=json.dumps({"says": "b"}), received_at=later, trace_id="a" * 32)
    row.span_id = "b" * 16
    busy.before = lambda: insert_events(server_store, [row])

    own = taken(one, ("e-1", "a"))

    assert own == (1, 0, [])
    assert (stored(engine, server_store), milestones(engine, server_store)) == ({"e-1": "a"}, {("e-1", "a")})
    assert letters(server_store) == [("e-1", "b")]
    [listed] = list_dead_letters(server_store, 1_000)
    letter = show_dead_letter(server_store, listed["dead_letter_id"])
    assert letter is not None
    event = json.loads(base64.b64decode(letter["body_base64"]))
    assert event["traceparent"] == f"00-{'a' * 32}-{'b' * 16}-01"


def test_different_events_at_once_are_no_ones_rivals(server_store: Store, busy: BusyStore, engine: Engine) -> None:
    one, other = writer_on(busy), writer_on(server_store)
    busy.after = lambda: taken(other, ("e-2", "b")) and None

    assert taken(one, ("e-1", "a")) == (1, 0, [])
    assert stored(engine, server_store) == {"e-1": "a", "e-2": "b"}
    assert letters(server_store) == []


@settings(max_examples=12)
@given(seed=st.integers(0, 2**32))
def test_whatever_comes_to_which_of_two_collectors_counts_as_with_one(
    engine: Engine, endpoint: ClickHouseEndpoint, migrated_database: str, seed: int
) -> None:
    chance = Random(seed)
    engine.clear(migrated_database)
    with Store(endpoint.dsn(migrated_database)) as store, BusyStore(endpoint.dsn(migrated_database)) as busy:
        one, other = writer_on(busy), writer_on(store)
        sent: set[tuple[str, str]] = set()

        def some() -> list[tuple[str, str]]:
            ids = chance.sample(range(12), chance.randint(1, 4))
            found = [(f"e-{number}", chance.choice("aaab") + str(number)) for number in ids]
            sent.update(found)
            return found

        for _ in range(8):
            meanwhile = lambda: taken(other, *some()) and None  # noqa: E731
            busy.before = meanwhile if chance.random() < 0.5 else nothing
            busy.after = meanwhile if chance.random() < 0.5 else nothing
            taken(one, *some())

        found, kept = stored(engine, store), letters(store)
        assert found.keys() == {event_id for event_id, _ in sent}
        assert {*found.items(), *kept} == sent
        assert not set(kept) & set(found.items())
        assert milestones(engine, store) == set(found.items())


def test_what_was_on_its_way_for_too_long_is_stamped_anew_and_stored_once(
    server_store: Store, endpoint: ClickHouseEndpoint, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with ForgetfulStore(endpoint.dsn(server_store.database)) as store:
        writer = writer_on(store)
        assert taken(writer, ("e-1", "a"), ("e-2", "b"), ("e-3", "c")) == (3, 0, [])

    [row] = engine.select(server_store, "SELECT min(received_at) AS received_at, count() AS n FROM events")
    assert row["n"] == 3
    assert store_now(server_store) - row["received_at"] < SETTLED_AFTER
    assert "events came too late to the store and are stamped anew" in caplog.text


def test_an_event_that_waited_in_a_spool_was_received_when_it_is_stored(server_store: Store, engine: Engine) -> None:
    settled = SettledStore(server_store).through()
    late = submission(("e-1", "a"))
    late.received.candidates[0].event.received_us = to_micros(NOW - timedelta(days=1))

    writer_on(server_store).commit([late])

    [row] = engine.select(server_store, "SELECT received_at FROM events")
    assert row["received_at"] > settled


def test_what_another_collector_left_half_stored_is_whole_before_an_engine_counts_it(
    server_store: Store, engine: Engine
) -> None:
    at = store_now(server_store) - SETTLED_AFTER - timedelta(seconds=30)
    write_watermark(server_store, RULES_ENGINE, Watermark(at - timedelta(seconds=1), "v"), at)
    insert_events(server_store, [event_row("e-1", received_at=at)])
    server_store.execute("TRUNCATE TABLE object_milestones")

    through = SettledStore(server_store).through()

    assert through > at
    assert {event_id for event_id, _ in milestones(engine, server_store)} == {"e-1"}


def test_the_clock_of_a_store_goes_on_by_a_clock_that_nobody_sets(server_store: Store) -> None:
    seconds = [100.0]
    clock = StoreClock(server_store, lambda: seconds[0])
    told = clock.now()

    seconds[0] += 7

    assert clock.now() - told == timedelta(seconds=7)
