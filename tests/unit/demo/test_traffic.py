"""What the demo company sends: the same for the same seed and day, believable, and with its faults in sight."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from domain.instants import parse_instant
from domain.money import parse_amount
from milepost.demo.traffic import Event, Traffic
from tests.unit.demo.reading import amount_of, handoffs, objects_of

START = datetime(2026, 11, 4, 10, 23, tzinfo=UTC)
# The lock on ERP posting is young here, and so there is less to generate.
EARLY = datetime(2026, 11, 4, 0, 30, tzinfo=UTC)
SEED = 7
NO_WEB_SHOP = 0


def sent_by(start: datetime, *, days: int, seed: int = SEED, rate: int = NO_WEB_SHOP) -> list[Event]:
    return Traffic(seed, start, days, rate).due(start).events


def by_identity(events: list[Event]) -> dict[tuple[object, object], Event]:
    return {(event["source"], event["id"]): event for event in events}


@pytest.fixture(scope="module")
def month() -> list[Event]:
    return sent_by(START, days=30)


def test_the_same_seed_and_start_send_the_same_events_and_spans() -> None:
    first = Traffic(SEED, EARLY, 1, 5).due(EARLY)
    second = Traffic(SEED, EARLY, 1, 5).due(EARLY)

    assert first == second


def test_another_seed_sends_other_events() -> None:
    assert sent_by(EARLY, days=1) != sent_by(EARLY, days=1, seed=8)


def test_handing_out_in_steps_gives_what_handing_out_at_once_gives() -> None:
    at_once, in_steps = Traffic(SEED, EARLY, 1, 5), Traffic(SEED, EARLY, 1, 5)
    steps = [EARLY - timedelta(days=1), EARLY - timedelta(hours=5), EARLY, EARLY + timedelta(minutes=3)]

    whole = at_once.due(steps[-1])
    parts = [in_steps.due(until) for until in steps]

    assert by_identity(whole.events) == by_identity([event for part in parts for event in part.events])
    assert Counter(span.span_id for span in whole.spans) == Counter(s.span_id for part in parts for s in part.spans)


def test_a_later_start_on_the_same_day_sends_the_same_history_again() -> None:
    night = by_identity(sent_by(EARLY, days=1))
    evening = by_identity(sent_by(EARLY + timedelta(hours=9), days=1))

    assert {identity: evening[identity] for identity in night} == night
    assert len(evening) > len(night)


def test_a_start_on_the_next_day_repeats_no_identity_with_other_content() -> None:
    today, tomorrow = by_identity(sent_by(EARLY, days=1)), by_identity(sent_by(EARLY + timedelta(days=1), days=2))
    shared = today.keys() & tomorrow.keys()

    assert shared
    assert {identity: today[identity] for identity in shared} == {identity: tomorrow[identity] for identity in shared}


def test_nothing_is_sent_before_it_happened_nor_from_before_the_history(month: list[Event]) -> None:
    instants = [parse_instant(str(event["time"])) for event in month]

    assert max(instants) <= START
    assert min(instants) >= datetime(2026, 10, 4, tzinfo=UTC)


def test_a_month_has_about_as_many_cases_and_events_as_such_a_company_has(month: list[Event]) -> None:
    cases = {event["correlationid"] for event in month}

    assert 4_500 < len(cases) < 6_000
    assert 55_000 < len(month) < 80_000


def test_fewer_cases_begin_at_night_and_at_weekends_than_in_office_hours(month: list[Event]) -> None:
    won = [event for event in month if event["type"] == "opportunity.won" and entity_of(event) == "GB01"]
    instants = [parse_instant(str(event["time"])) for event in won]
    weekdays = [at for at in instants if at.weekday() < 5]

    assert sum(8 <= at.hour < 18 for at in weekdays) > 8 * sum(at.hour < 6 for at in weekdays)
    assert len(weekdays) / 5 > 3 * (len(instants) - len(weekdays)) / 2


def test_every_cause_is_an_event_that_was_sent_earlier(month: list[Event]) -> None:
    known: set[object] = set()
    for event in sorted(month, key=lambda each: parse_instant(str(each["time"]))):
        assert event.get("causationid") is None or event["causationid"] in known
        known.add(event["id"])


def test_amounts_are_exact_and_have_the_decimals_of_their_currency(month: list[Event]) -> None:
    decimals = {"EUR": 2, "GBP": 2, "USD": 2, "JPY": 0}
    for event in month:
        amount, currency = amount_of(event)
        assert parse_amount(amount) > 0
        assert len(amount.partition(".")[2]) == decimals[currency]


def test_a_few_events_are_sent_twice_and_are_the_same_both_times(month: list[Event]) -> None:
    distinct = by_identity(month)

    assert 0.003 < (len(month) - len(distinct)) / len(month) < 0.007
    assert all(distinct[(event["source"], event["id"])] == event for event in month)


def test_between_one_and_two_handoffs_in_a_hundred_of_the_past_were_late(month: list[Event]) -> None:
    before_the_lock = START - timedelta(days=2)
    ended = [h for h in handoffs(month) if h.ended_at is not None and h.ended_at < before_the_lock]
    late = [handoff for handoff in ended if handoff.is_late_at(START)]

    assert 0.01 < len(late) / len(ended) < 0.02


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(START, id="on a weekday morning"),
        pytest.param(datetime(2026, 11, 4, 0, 7, tzinfo=UTC), id="just after midnight"),
        pytest.param(datetime(2026, 11, 8, 23, 50, tzinfo=UTC), id="late on a Sunday"),
    ],
)
def test_at_any_start_there_are_some_open_alerts_but_not_hundreds(start: datetime) -> None:
    open_now = [handoff for handoff in handoffs(sent_by(start, days=3)) if handoff.ended_at is None]
    firing = Counter(handoff.beginning for handoff in open_now if handoff.is_late_at(start))
    in_time = [handoff for handoff in open_now if not handoff.is_late_at(start)]

    assert 10 <= firing.total() <= 30
    assert firing["order.approved"] >= 8
    assert in_time


def test_with_live_traffic_orders_keep_running_out_of_their_window() -> None:
    traffic = Traffic(SEED, EARLY, 1, NO_WEB_SHOP)
    open_orders = [
        handoff
        for handoff in handoffs(traffic.due(EARLY).events)
        if handoff.beginning == "order.approved" and handoff.ended_at is None
    ]
    soon = [h for h in open_orders if EARLY < h.deadline_at <= EARLY + timedelta(minutes=30)]

    assert len(soon) >= 5


def test_the_web_shop_brings_its_rate_of_orders_a_minute() -> None:
    traffic = Traffic(SEED, EARLY, 1, 20)
    traffic.due(EARLY)
    events = traffic.due(EARLY + timedelta(minutes=10)).events
    won = [event for event in events if event["type"] == "opportunity.won" and channel_of(event) == "web"]

    assert 180 <= len(won) <= 220
    assert {event["type"] for event in events if channel_of(event) == "web"} >= {"order.posted", "payment.applied"}


def test_no_handoff_of_the_web_shop_is_left_half_done_at_the_end() -> None:
    traffic = Traffic(SEED, EARLY, 1, 20)
    sent = traffic.due(EARLY).events
    unfinished = {h.object for h in handoffs(sent) if h.ended_at is None and h.channel == "web"}
    assert unfinished

    closing = traffic.half_done().events

    assert not [h for h in handoffs(sent + closing) if h.ended_at is None and h.channel == "web"]
    assert {channel_of(event) for event in closing} == {"web"}
    assert len(closing) == len(unfinished)


def test_every_event_names_the_customer_as_buyer(month: list[Event]) -> None:
    for event in month:
        if str(event["type"]).startswith(("customer.", "forecast.")):
            continue
        assert [each["qualifier"] for each in objects_of(event) if each["type"] == "customer"] == ["buyer"]


def data_of(event: Event) -> dict[str, object]:
    data = event["data"]
    assert isinstance(data, dict)
    return data


def entity_of(event: Event) -> object:
    return data_of(event)["legal_entity"]


def channel_of(event: Event) -> object:
    attributes = data_of(event)["attributes"]
    assert isinstance(attributes, dict)
    return attributes["channel"]
