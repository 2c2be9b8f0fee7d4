"""How calls over a hop went, kept by the minute: worked out by hand, read plainly, and as threshold rules see them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.hop import Hop, HopKind, Traffic
from domain.instants import LATEST
from kpis.hop_figures import hop_courses, hop_list
from kpis.hop_keeper import HopKeeper, kept_through
from storage.client import Store
from storage.hops import MINUTE, call_figures, calls_by_receipt
from storage.kpi_cases import Pricing
from storage.series import signal_values
from tests.builders import NOW
from tests.engine import Engine
from tests.integration.kpis.hop_spans import SECOND, call, insert_spans

ERP = Hop(HopKind.CALL, "middleware", "erp")
CRM = Hop(HopKind.CALL, "middleware", "crm")
EURO = Pricing("EUR", 7)
HOUR = timedelta(hours=1)
TEN_MINUTES = timedelta(minutes=10)


def over(store: Store, since: datetime, until: datetime) -> dict[Hop, Traffic]:
    return {hop: slices[0] for hop, slices in call_figures(store, since, until).items()}


def test_calls_of_a_hop_are_counted_timed_and_judged(store: Store) -> None:
    calls = [call(number, milliseconds=number, failed=number > 98) for number in range(1, 101)]
    insert_spans(store, *chain(*calls), *call(200, service="crm", milliseconds=40))

    HopKeeper(store).tick(NOW + 5 * MINUTE)

    [erp, crm] = hop_list(store, NOW - MINUTE, NOW + MINUTE, EURO).hops
    # The call that 50, 95 and 99 of 100 were not slower than, as threshold rules take it.
    assert (erp.hop, erp.traffic) == (ERP, Traffic(100, 2, 0.051, 0.096, 0.1))
    assert erp.traffic is not None
    assert erp.traffic.error_rate == 0.02
    assert erp.rate == 50
    assert (crm.hop, crm.traffic) == (CRM, Traffic(1, 0, 0.04, 0.04, 0.04))
    assert erp.backlog == 0


def test_without_a_span_there_is_no_hop_and_nothing_is_kept(store: Store) -> None:
    assert HopKeeper(store).tick(NOW) is None

    found = hop_list(store, NOW - HOUR, NOW, EURO)
    assert (found.hops, found.through) == ([], None)


def test_a_call_within_a_service_is_no_hop(store: Store) -> None:
    insert_spans(store, *call(1, caller="erp"))

    HopKeeper(store).tick(NOW + 5 * MINUTE)

    assert over(store, NOW - HOUR, NOW + HOUR) == {}


def test_a_span_that_comes_late_counts_where_its_call_ended(store: Store) -> None:
    insert_spans(store, *call(1, at=NOW), *call(2, at=NOW, received=9 * MINUTE, caller_received=SECOND))
    keeper = HopKeeper(store)
    keeper.tick(NOW + 5 * MINUTE)
    assert over(store, NOW, NOW + MINUTE)[ERP].calls == 1

    keeper.tick(NOW + 20 * MINUTE)

    assert over(store, NOW, NOW + MINUTE)[ERP].calls == 2
    assert over(store, NOW + MINUTE, NOW + HOUR) == {}


def test_spans_that_come_again_change_nothing_however_late(store: Store) -> None:
    keeper = HopKeeper(store)
    insert_spans(store, *call(1, failed=True), *call(2))
    keeper.tick(NOW + 5 * MINUTE)
    once = over(store, NOW, NOW + MINUTE)

    for later in (2 * MINUTE, HOUR, timedelta(days=3)):
        insert_spans(store, *call(1, failed=True, received=later), *call(2, received=later))
        keeper.tick(NOW + later + 5 * MINUTE)

    assert over(store, NOW, NOW + MINUTE) == once
    assert once[ERP].calls == 2


def test_a_keeping_that_was_cut_off_and_is_repeated_changes_nothing(store: Store) -> None:
    insert_spans(store, *call(1, failed=True), *call(2))
    HopKeeper(store).tick(NOW + 2 * MINUTE)
    once = over(store, NOW, NOW + MINUTE)

    store.run("forget_watermark", {"engine": "hops"})
    HopKeeper(store).tick(NOW + 3 * MINUTE)

    assert over(store, NOW, NOW + MINUTE) == once
    assert kept_through(store) == NOW + 3 * MINUTE


def test_the_course_of_a_hop_has_a_gap_where_no_call_ended(store: Store) -> None:
    insert_spans(store, *call(1, at=NOW - 2 * MINUTE), *call(2, at=NOW - 30 * SECOND, failed=True))
    HopKeeper(store).tick(NOW + MINUTE)

    course = hop_courses(store, NOW - 4 * MINUTE, NOW, 4)[ERP]

    assert course.since == NOW - 4 * MINUTE
    assert [step and (step.calls, step.failed) for step in course.steps] == [None, None, (1, 0), (1, 1)]


SPANS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(0, 1),
        st.sampled_from(["erp", "crm", "middleware"]),
        st.booleans(),
        st.integers(0, 2_000),
        st.lists(st.integers(0, 1500), min_size=1, max_size=3),
        st.lists(st.integers(0, 1500), min_size=0, max_size=3),
    ),
    max_size=6,
    unique_by=lambda one: (one[0], one[1]),
)


def spans_of(drawn: Sequence[tuple[int, int, str, bool, int, list[int], list[int]]]) -> list[Mapping[str, object]]:
    """Copies of the spans of calls, each received so many seconds after it began."""
    spans: list[Mapping[str, object]] = []
    for trace, number, service, failed, milliseconds, served_after, calling_after in drawn:
        calling, serving = call(
            trace, number=number, at=NOW + number * MINUTE, service=service, failed=failed, milliseconds=milliseconds
        )
        began = NOW + number * MINUTE
        spans += [{**serving, "ReceivedAt": began + after * SECOND} for after in served_after]
        spans += [{**calling, "ReceivedAt": began + after * SECOND} for after in calling_after]
    return spans


def plainly(spans: Sequence[Mapping[str, object]], through: datetime) -> dict[Hop, tuple[int, int]]:
    """Calls and failures by hop, from each pair of copies that were received within ten minutes of each other."""
    calls: dict[tuple[object, object], tuple[datetime, Hop, bool]] = {}
    for served in spans:
        for calling in spans:
            parent = (served["TraceId"], served.get("ParentSpanId"))
            if parent != (calling["TraceId"], calling["SpanId"]):
                continue
            one, other = served["ReceivedAt"], calling["ReceivedAt"]
            assert isinstance(one, datetime)
            assert isinstance(other, datetime)
            known = max(one, other)
            if served["ServiceName"] == calling["ServiceName"] or abs(one - other) > TEN_MINUTES or known > through:
                continue
            hop = Hop(HopKind.CALL, str(calling["ServiceName"]), str(served["ServiceName"]))
            key = (served["TraceId"], served["SpanId"])
            calls[key] = min((known, hop, served["StatusCode"] == "Error"), calls.get(key, (LATEST, hop, False)))
    found: dict[Hop, list[bool]] = defaultdict(list)
    for _, hop, failed in calls.values():
        found[hop].append(failed)
    return {hop: (len(failed), sum(failed)) for hop, failed in found.items()}


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=SPANS, ticks=st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_whatever_comes_late_or_twice_the_minutes_say_what_a_plain_reading_says(
    engine: Engine, migrated_database: str, drawn: list[tuple[int, int, str, bool, int, list[int], list[int]]],
    ticks: list[int],
) -> None:  # fmt: skip
    engine.clear(migrated_database)
    spans = spans_of(drawn)
    with Store(engine.dsn(migrated_database)) as store:
        if spans:
            insert_spans(store, *spans)
        keeper = HopKeeper(store)
        for minute in sorted(ticks):
            keeper.tick(NOW + minute * MINUTE)

            found = over(store, NOW, NOW + HOUR)
            assert {hop: (one.calls, one.failed) for hop, one in found.items()} == plainly(spans, NOW + minute * MINUTE)


def test_threshold_rules_see_the_same_latency_and_error_rate(store: Store) -> None:
    spans: list[Mapping[str, object]] = []
    for number in range(1, 40):
        at = NOW - number * 37 * SECOND
        spans += call(number, at=at, milliseconds=number * 37, failed=number % 7 == 0)
        spans += call(number, number=1, at=at, service="crm", milliseconds=1234 + number, failed=number % 5 == 0)
    insert_spans(store, *spans, *call(3, at=NOW - 111 * SECOND, milliseconds=111, received=4 * MINUTE))
    HopKeeper(store).tick(NOW + 2 * MINUTE)

    for window in (MINUTE, 5 * MINUTE, 30 * MINUTE):
        kept = calls_by_receipt(store, NOW - window, NOW)

        rates = signal(store, "api_error_rate", window)
        assert {hop: one.error_rate for hop, one in kept.items()} == pytest.approx(rates)
        # Latencies are kept to three digits.
        slow = {hop: float(f"{value:.3g}") for hop, value in signal(store, "api_latency", window).items()}
        assert {hop: one.p95 for hop, one in kept.items()} == slow
        assert kept.keys() == {ERP, CRM}


def signal(store: Store, name: str, window: timedelta) -> dict[Hop, float]:
    """What a threshold rule sees of each hop at NOW."""
    asked = {
        "per": ["from_service", "to_service"],
        "first": NOW,
        "steps": 1,
        "window_us": window // timedelta(microseconds=1),
        "known_at": NOW,
    }
    return {Hop(HopKind.CALL, *labels): value for _, labels, value in signal_values(store, name, asked)}
