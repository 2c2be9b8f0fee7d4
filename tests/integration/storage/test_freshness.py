"""When sources last spoke, how late and how much they send, who is silent: read from a real store of either kind."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.contract import Contracts, EventContract, SourceContract
from domain.instants import EPOCH
from storage.client import Store
from storage.engine_state import Watermark, write_watermark
from storage.events import EventRow, insert_events
from storage.freshness import (
    HOUR,
    Lag,
    Silence,
    SourceFreshness,
    known_through,
    note_traffic,
    silences_at,
    source_freshness,
)
from tests.builders import NOW, event_row
from tests.engine import Engine as EmbeddedEngine

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
APPROVED = EventContract(
    "order.approved", 1, "sales", "order", sources=("crm",), silent_after={"crm": timedelta(minutes=30)}
)
POSTED = EventContract("order.posted", 1, "finance", "order", sources=("erp",))
CONTRACTS = Contracts(
    events={contract.type: contract for contract in (APPROVED, POSTED)},
    sources={"crm": SourceContract("crm", silent_after=HOUR), "erp": SourceContract("erp", silent_after=4 * HOUR)},
)


def heard(store: Store, at: datetime = NOW, contracts: Contracts = CONTRACTS) -> dict[str, SourceFreshness]:
    """What is read of each source and, as `source/type`, of each of its event types."""
    return {
        f"{row.source}/{row.event_type}" if row.event_type else row.source: row
        for row in source_freshness(store, contracts, at)
    }


def test_lag_and_rate_are_told_by_event_type_and_for_the_source_as_a_whole(store: Store) -> None:
    insert_events(
        store,
        [
            event_row("1", occurred_at=NOW - 10 * SECOND, received_at=NOW),
            event_row("2", occurred_at=NOW - 20 * SECOND, received_at=NOW - SECOND),
            event_row("3", "order.posted", occurred_at=NOW - HOUR, received_at=NOW - MINUTE),
        ],
    )
    note_traffic(store, EPOCH, NOW)

    read = heard(store)

    whole, approved = read["crm"], read["crm/order.approved"]
    assert (whole.events, approved.events, read["crm/order.posted"].events) == (3, 2, 1)
    assert whole.events_per_second == pytest.approx(3 / 3600)
    assert (whole.last_received_at, whole.last_occurred_at) == (NOW, NOW - 10 * SECOND)
    assert whole.lag is not None
    assert whole.lag.longest == HOUR - MINUTE
    assert whole.lag.p50 / SECOND == pytest.approx(19, rel=0.01)
    assert approved.lag is not None
    assert approved.lag.longest == 19 * SECOND


def test_what_was_received_before_the_window_is_not_in_its_figures(store: Store) -> None:
    insert_events(store, [event_row("1", received_at=NOW - HOUR - SECOND), event_row("2", received_at=NOW - HOUR)])
    note_traffic(store, EPOCH, NOW)

    assert heard(store)["crm"].events == 1
    assert heard(store, NOW + MINUTE)["crm"].events == 0
    assert heard(store, NOW + MINUTE)["crm"].lag is None
    assert heard(store, NOW + MINUTE)["crm"].last_received_at == NOW - HOUR


def test_a_tick_repeated_after_a_kill_changes_no_figure(store: Store) -> None:
    insert_events(store, [event_row("1", received_at=NOW - 90 * SECOND), event_row("2", received_at=NOW - MINUTE)])
    note_traffic(store, EPOCH, NOW - MINUTE)
    once = heard(store)
    note_traffic(store, EPOCH, NOW - MINUTE)

    assert heard(store) == once

    # The clock went on before the tick was repeated, and more had arrived.
    insert_events(store, [event_row("3", received_at=NOW - 50 * SECOND)])
    note_traffic(store, EPOCH, NOW - 40 * SECOND)
    note_traffic(store, NOW - 40 * SECOND, NOW)

    assert heard(store)["crm"].events == 3


def test_an_event_that_two_collectors_took_counts_once_as_it_was_received_first(store: Store) -> None:
    for later in (2 * SECOND, timedelta(0), SECOND):
        insert_events(store, [event_row("1", occurred_at=NOW - MINUTE, received_at=NOW - MINUTE + later)])
    note_traffic(store, EPOCH, NOW)

    crm = heard(store)["crm"]

    assert crm.events == 1
    assert crm.lag == Lag(timedelta(0), timedelta(0), timedelta(0), timedelta(0))


def test_a_clock_that_runs_ahead_shows_as_a_lag_below_zero(store: Store) -> None:
    insert_events(store, [event_row(occurred_at=NOW + MINUTE, received_at=NOW)])
    note_traffic(store, EPOCH, NOW)

    lag = heard(store)["crm"].lag

    assert lag is not None
    assert lag.p50 / SECOND == pytest.approx(-60, rel=0.01)
    assert lag.longest == -MINUTE


def test_a_source_is_silent_once_its_agreed_time_is_over_and_not_at_its_end(store: Store) -> None:
    insert_events(store, [event_row(received_at=NOW)])
    note_traffic(store, EPOCH, NOW)

    at_the_end, over = heard(store, NOW + HOUR)["crm"], heard(store, NOW + HOUR + SECOND)["crm"]

    assert (at_the_end.is_silent, at_the_end.silent_since) == (False, None)
    assert (over.is_silent, over.silent_since) == (True, NOW + HOUR)


def test_one_event_type_may_be_silent_while_its_source_speaks_of_others(store: Store) -> None:
    insert_events(store, [event_row("1", received_at=NOW - HOUR), event_row("2", "quote.approved", received_at=NOW)])
    note_traffic(store, EPOCH, NOW)

    read = heard(store)

    assert (read["crm"].is_silent, read["crm/order.approved"].is_silent) == (False, True)
    assert read["crm/order.approved"].silent_since == NOW - 30 * MINUTE


def test_what_was_not_agreed_or_never_spoke_is_unknown_and_not_silent(store: Store) -> None:
    insert_events(store, [event_row(source="legacy", received_at=NOW - 40 * DAY)])
    note_traffic(store, EPOCH, NOW)

    read = heard(store)

    assert read["legacy"].is_silent is None
    assert read["legacy"].last_received_at == NOW - 40 * DAY
    assert (read["erp"].is_silent, read["erp"].last_received_at, read["erp"].events) == (None, None, 0)
    assert read["erp/order.posted"].last_received_at is None
    assert silences_at(store, CONTRACTS, NOW) == []


def test_what_no_contract_names_stands_together_as_other(store: Store) -> None:
    insert_events(
        store,
        [
            event_row("1", source="crm"),
            event_row("2", "x.y", source="crm"),
            event_row("3", "x.z", source="crm"),
            event_row("4", source="shop-1"),
            event_row("5", source="shop-2"),
        ],
    )
    note_traffic(store, EPOCH, NOW)

    folded = source_freshness(store, CONTRACTS, NOW, fold=True)

    assert {(row.source, row.event_type): row.events for row in folded if row.events} == {
        ("crm", None): 3,
        ("crm", "order.approved"): 1,
        ("crm", "other"): 2,
        ("other", None): 2,
        ("other", "order.approved"): 2,
    }


def test_nothing_is_known_to_be_silent_beyond_what_the_engine_has_seen(store: Store) -> None:
    assert known_through(store, "rules", NOW) == NOW

    write_watermark(store, "rules", Watermark(NOW - DAY, "1"), NOW - DAY)

    assert known_through(store, "rules", NOW) == NOW - DAY
    assert known_through(store, "rules", NOW - 2 * DAY) == NOW - 2 * DAY


@pytest.mark.parametrize(
    "ticks",
    [
        pytest.param([0, 1, 2, 45, 46, 200], id="often"),
        pytest.param([200], id="once, after an outage"),
        pytest.param([1, 46, 200], id="just when events arrive"),
    ],
)
def test_who_was_silent_at_an_instant_does_not_depend_on_how_often_the_engine_ran(
    store: Store, ticks: Sequence[int]
) -> None:
    minutes = [0, 1, 46, 46.5, 200]
    insert_events(store, [event_row(str(minute), received_at=NOW + minute * MINUTE) for minute in minutes])
    for after, through in zip([None, *ticks], ticks, strict=False):
        note_traffic(store, EPOCH if after is None else NOW + after * MINUTE, NOW + through * MINUTE)

    def silent(minute: int, more: timedelta = timedelta(0)) -> list[Silence]:
        return silences_at(store, CONTRACTS, NOW + minute * MINUTE + more)

    of_type = Silence("crm", "order.approved", NOW + MINUTE, NOW + 31 * MINUTE)
    whole = Silence("crm", None, NOW + 46.5 * MINUTE, NOW + 106.5 * MINUTE)
    assert silent(31) == []
    assert silent(31, SECOND) == [of_type]
    assert silent(46) == silent(46, 15 * SECOND) == silent(76, 30 * SECOND) == []
    assert [silence.since for silence in silent(199)] == [whole.since, NOW + 76.5 * MINUTE]
    assert silent(199)[0] == whole
    assert silent(200) == []


def test_an_instant_before_a_source_ever_spoke_knows_no_silence(store: Store) -> None:
    insert_events(store, [event_row(received_at=NOW)])
    note_traffic(store, EPOCH, NOW)

    assert silences_at(store, CONTRACTS, NOW - DAY) == []


def test_ticks_without_news_write_nothing(store: Store, engine: EmbeddedEngine) -> None:
    insert_events(store, [event_row(received_at=NOW)])
    note_traffic(store, EPOCH, NOW)

    note_traffic(store, NOW, NOW + MINUTE)

    assert len(engine.select(store, "SELECT through FROM source_traffic")) == 1


@dataclass(frozen=True)
class Sent:
    """A generated event: who sent it when, how long it took, and how often it was taken."""

    number: int
    source: str
    type: str
    received_at: datetime
    lag: timedelta
    times: int

    def rows(self) -> list[EventRow]:
        """As it is stored: the same identity again for each time it slipped past the door."""
        return [
            event_row(
                str(self.number),
                self.type,
                source=self.source,
                occurred_at=self.received_at - self.lag,
                received_at=self.received_at + again * timedelta(microseconds=1),
            )
            for again in range(self.times)
        ]


LAGS = st.one_of(
    st.integers(-3_600_000, 3_600_000).map(lambda millis: timedelta(milliseconds=millis)),
    st.integers(0, 70 * 365).map(lambda days: timedelta(days=days, microseconds=1)),
    st.just(timedelta(0)),
)
# Two hours of receipts at full seconds: ticks end half a second later, so that repeats fall into the same one.
SENT = st.builds(
    Sent,
    number=st.just(0),
    source=st.sampled_from(["crm", "erp"]),
    type=st.sampled_from(["order.approved", "order.posted"]),
    received_at=st.integers(0, 7199).map(lambda second: NOW - 2 * HOUR + second * SECOND),
    lag=LAGS,
    times=st.integers(1, 3),
)
TICKS = st.lists(st.integers(0, 7199), min_size=1, max_size=6, unique=True).map(sorted)


def plain_reading(sent: Sequence[Sent], since: datetime) -> Mapping[tuple[str, str | None], list[Sent]]:
    """What each source sent since then, by event type and in all, each event once."""
    found: defaultdict[tuple[str, str | None], list[Sent]] = defaultdict(list)
    for each in sent:
        if each.received_at >= since:
            found[each.source, None].append(each)
            found[each.source, each.type].append(each)
    return found


def assert_lag_is_right(lag: Lag, exact: Sequence[timedelta]) -> None:
    """The longest exactly; a quantile within one percent of the value at its rank, and a microsecond."""
    assert lag.longest == exact[-1]
    for level, given_ in ((0.5, lag.p50), (0.95, lag.p95), (0.99, lag.p99)):
        value = exact[math.floor(level * (len(exact) - 1))]
        tolerance = abs(value) * 0.0101 + timedelta(microseconds=1)
        assert value - tolerance <= given_ <= value + tolerance, level


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(generated=st.lists(SENT, max_size=60), ticks=TICKS, again=st.integers(0, 5), shuffled=st.randoms())
def test_figures_are_those_of_a_plain_reading_whatever_the_ticks_repeats_and_order(
    embedded_store: Store, generated: list[Sent], ticks: list[int], again: int, shuffled: object
) -> None:
    for table in ("events", "source_traffic", "source_freshness"):
        embedded_store.execute(f"TRUNCATE TABLE {table}")
    sent = [
        Sent(number, each.source, each.type, each.received_at, each.lag, each.times)
        for number, each in enumerate(generated)
    ]
    rows = [row for each in sent for row in each.rows()]
    shuffled.shuffle(rows)  # type: ignore[attr-defined]
    if rows:
        insert_events(embedded_store, rows)
    ends = [NOW - 2 * HOUR + tick * SECOND + SECOND / 2 for tick in ticks] + [NOW]
    for number, (after, through) in enumerate(zip([EPOCH, *ends], ends, strict=False)):
        for _ in range(2 if number == again else 1):
            note_traffic(embedded_store, after, through)

    read = {(row.source, row.event_type): row for row in source_freshness(embedded_store, Contracts(), NOW)}

    expected = plain_reading(sent, NOW - HOUR)
    assert {pair: row.events for pair, row in read.items() if row.events} == {
        pair: len(events) for pair, events in expected.items()
    }
    ever = plain_reading(sent, EPOCH)
    assert read.keys() == ever.keys()
    for pair, events in ever.items():
        assert read[pair].last_received_at == max(each.received_at for each in events)
        assert read[pair].last_occurred_at == max(each.received_at - each.lag for each in events)
    for pair, events in expected.items():
        lag = read[pair].lag
        assert lag is not None
        assert_lag_is_right(lag, sorted(each.lag for each in events))
