"""Whatever the order, repetition and slicing of arrivals, and wherever a tick breaks off, the runs are the same."""

import contextlib
import random
from copy import copy
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.correlation import Correlator
from domain.errors import StoreUnreachable
from domain.instants import from_micros, to_micros
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.runs import members_of_runs, runs_of_members
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.collector.runs import BOUND, CONTRACTS, expected_runs, stored_runs

SECOND = timedelta(seconds=1)
OBJECTS = st.sampled_from(
    [
        *(f"order/{number}" for number in range(6)),
        *(f"invoice/{number}" for number in range(6)),
        *(f"payment/{number}" for number in range(2)),
        *(f"customer/{number}/{qualifier}" for number in range(2) for qualifier in ("buyer", "payer")),
        *(f"product/{number}/{qualifier}" for number in range(2) for qualifier in ("", "part")),
    ]
)


@st.composite
def events(draw: st.DrawFn) -> list[EventRow]:
    """A handful of events, each with an identity of its own, that name few objects often enough to meet."""
    return [
        event_row(
            str(number),
            draw(st.sampled_from(["order.created", "payment.received", "bundle.made"])),
            draw(st.lists(OBJECTS, max_size=draw(st.sampled_from([2, 2, 3, 8])))),
            occurred_at=NOW + draw(st.integers(-3, 3)) * SECOND,
            correlation_id=draw(st.sampled_from(["", "", "", "a", "b", "c", "d"])),
        )
        for number in range(draw(st.integers(1, 12)))
    ]


def tick_until_done(store: BreakingStore, through_us: int, breaks: random.Random) -> None:
    """One tick by a correlator of its own, broken off a few times on the way."""
    for _ in range(breaks.randrange(3)):
        store.inserts_left = breaks.randrange(6)
        store.breaks_after = breaks.random() < 0.5
        with contextlib.suppress(StoreUnreachable):
            correlator(store, breaks).catch_up(from_micros(through_us))
    store.inserts_left = None
    correlator(store, breaks).catch_up(from_micros(through_us))


def correlator(store: Store, chance: random.Random) -> Correlator:
    return Correlator(store, CONTRACTS, most_of_one_type=BOUND, events_at_once=chance.choice([1, 2, 5, 100]))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(events(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_runs(
    engine: Engine, embedded_store: Store, given_events: list[EventRow], chance: random.Random
) -> None:
    engine.clear(embedded_store.database)
    arriving = [*given_events, *(copy(event) for event in given_events if chance.random() < 0.3)]
    chance.shuffle(arriving)
    with BreakingStore(engine.dsn(embedded_store.database)) as store:
        received_us = to_micros(NOW)
        while arriving:
            several = chance.randint(1, len(arriving))
            for event in arriving[:several]:
                received_us += chance.randrange(2)
                event.received_us = received_us
            insert_events(store, arriving[:several])
            arriving = arriving[several:]
            tick_until_done(store, received_us, chance)
            # The next to arrive are received later than what the tick has seen.
            received_us += 1

    runs = stored_runs(engine, embedded_store)
    assert runs == expected_runs(given_events)
    assert_contents_are_complete(embedded_store, runs)


def assert_contents_are_complete(store: Store, runs: dict[str, str]) -> None:
    """Every run lists the members that say they belong to it."""
    members = [tuple(each.split("/", 1)) if "/" in each else ("", each[1:]) for each in runs]
    belonging = {member: run for member, (run, _) in runs_of_members(store, members).items()}  # type: ignore[arg-type]
    listed = {member: run for member, run, _ in members_of_runs(store, set(belonging.values()))}

    assert listed == belonging
