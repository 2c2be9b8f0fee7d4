"""What telemetry says of why alerts stand: found by the store among spans, dead letters and parked messages."""

import contextlib
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from domain.alert import AlertState
from domain.alert_cause import UNKNOWN_CAUSE, CauseKind, Hop
from domain.errors import StoreUnreachable
from rules.cause_finding import CauseFinder
from storage.alerts import write_transitions
from storage.client import Store
from tests.builders import NOW
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.storage.failing_calls import (
    MINUTE,
    ORDER_TRACE,
    OTHER_TRACE,
    POSTING,
    STUCK,
    call,
    cause_of,
    explained,
    firing,
    insert,
)


@pytest.fixture
def store(embedded_store: Store) -> Store:
    """The engine is the same on a server, so that one test asks there."""
    return embedded_store


# Two failed tries at posting, and before them a look-up that worked at the second.
TANGLE = [
    call("middleware", "GET /erp/customers", span_id="1", minute=-239, error="HTTP 503"),
    call("erp", "GET /erp/customers", span_id="2", parent="1", minute=-238.9, error="busy"),
    call("middleware", "GET /erp/customers", span_id="3", minute=-237),
    call("erp", "GET /erp/customers", span_id="4", parent="3", minute=-236.9),
    call("middleware", POSTING, span_id="5", minute=-235, error="HTTP 504"),
    call("erp", POSTING, span_id="6", parent="5", minute=-234.9, error="locked by job 7"),
    call("middleware", POSTING, span_id="7", minute=-233, error="HTTP 504"),
    call("erp", POSTING, span_id="8", parent="7", minute=-232.9, error="locked by job 8"),
]


def test_the_failed_call_that_no_other_explains_is_the_cause(store: Store) -> None:
    cause = explained(store, *STUCK)

    assert (cause.kind, cause.service, cause.operation) == (CauseKind.FAILED_CALL, "erp", POSTING)
    assert cause.error == "PeriodLock: period 2026-11 of DE01 is locked"
    assert cause.last_hop == Hop("erp", POSTING, NOW - 237.9 * MINUTE, has_failed=True)
    assert (cause.spans, cause.failures) == (4, 2)
    assert [(one.service, one.is_origin, one.spans) for one in cause.failed_calls] == [
        ("erp", True, 1),
        ("middleware", False, 1),
    ]
    assert (cause.failed_calls[0].trace_id, cause.failed_calls[0].span_id) == (ORDER_TRACE, "4")
    assert cause.signature == cause.failed_calls[0].signature
    assert cause.seen_at == NOW - 237.9 * MINUTE + timedelta(seconds=1)


def test_where_nothing_failed_the_cause_is_unknown_and_the_hop_is_named_that_was_reached(store: Store) -> None:
    cause = explained(store, *STUCK[:2])

    assert (cause.kind, cause.signature, cause.failed_calls) == (CauseKind.UNKNOWN, "", ())
    assert cause.last_hop == Hop("middleware", "order.transmit", NOW - 239 * MINUTE, has_failed=False)


def test_without_any_telemetry_nothing_is_stored(store: Store) -> None:
    assert explained(store, call("erp", trace_id=OTHER_TRACE, error="of another")) == UNKNOWN_CAUSE


def test_a_failure_before_the_clock_started_is_no_reason(store: Store) -> None:
    cause = explained(store, call("erp", minute=-246, error="long before"))

    assert cause.kind is CauseKind.UNKNOWN
    assert cause.spans == 1


def test_the_latest_origin_comes_first_and_what_worked_later_last(store: Store) -> None:
    cause = explained(
        store,
        call("crm", "PUT /accounts", span_id="1", minute=-200, error="locked"),
        call("crm", "PUT /accounts", span_id="2", minute=-190),
        call("tax", "GET /rate", span_id="3", minute=-210, error="unknown country"),
        call("erp", span_id="4", minute=-205, error="closed"),
        call("erp", span_id="5", minute=-204, error="closed"),
    )

    assert [(one.service, one.has_recovered, one.spans) for one in cause.failed_calls] == [
        ("erp", False, 2),
        ("tax", False, 1),
        ("crm", True, 1),
    ]
    assert cause.service == "erp"


def test_a_failure_that_was_overcome_is_shown_and_is_not_the_cause(store: Store) -> None:
    cause = explained(store, call("erp", span_id="1", minute=-200, error="busy"), call("erp", span_id="2", minute=-199))

    assert (cause.kind, cause.signature) == (CauseKind.UNKNOWN, "")
    assert [one.error for one in cause.failed_calls] == ["busy"]


@pytest.mark.parametrize(
    ("one", "other", "pattern"),
    [
        pytest.param(
            "order O-1001 refused after 3 tries",
            "order O-20345 refused after 12 tries",
            "order <id> refused after <n> tries",
            id="ids and counts",
        ),
        pytest.param(
            "lock 8d1f2a3b-0000-4c4d-9e9e-aaaaaaaaaaaa held since 2026-11-02T09:30:00.123Z",
            "lock 00000000-1111-4c4d-9e9e-bbbbbbbbbbbb held since 2026-11-03 10:00:00",
            "lock <uuid> held since <time>",
            id="uuids and instants",
        ),
        pytest.param(
            "object at 0x7ffe12ab, digest 0af7651916cd43dd8448eb211c80319c, 12.5 MB in 30s",
            "object at 0xFF, digest 4bf92f3577b34da6a3ce929d0e0e4736, 1,024 kB in 250 ms",
            "object at <hex>, digest <hex>, <n> in <n>",
            id="addresses, digests, sizes and durations",
        ),
        pytest.param(
            "period lock on company code DE01",
            "period lock on company code FR01",
            "period lock on company code <id>",
            id="codes",
        ),
    ],
)
def test_what_differs_from_case_to_case_is_no_part_of_the_signature(
    store: Store, one: str, other: str, pattern: str
) -> None:
    told = [firing(1), firing(2, trace_ids=(OTHER_TRACE,))]
    insert(store, [call("erp", error=one), call("erp", trace_id=OTHER_TRACE, error=other)])
    write_transitions(store, told)
    CauseFinder(store).tick(NOW)

    causes = [cause_of(store, each) for each in told]
    assert [cause.error for cause in causes] == [one, other]
    assert [cause.failed_calls[0].pattern for cause in causes] == [pattern, pattern]
    assert len({cause.signature for cause in causes}) == 1


def test_another_service_operation_or_error_has_another_signature(store: Store) -> None:
    calls = [call("erp", error="x"), call("tax", error="x"), call("erp", "GET /", error="x"), call("erp", error="y")]
    told = [firing(number, trace_ids=(f"{number:032x}",)) for number in range(len(calls))]
    insert(store, [{**one, "TraceId": f"{number:032x}"} for number, one in enumerate(calls)])
    write_transitions(store, told)
    CauseFinder(store).tick(NOW)

    assert len({cause_of(store, each).signature for each in told} - {""}) == len(calls)


def test_a_signature_stays_the_same_from_release_to_release(store: Store) -> None:
    # Incidents are kept under it: a change needs a migration.
    assert explained(store, *STUCK).signature == "84c8e68de85804e84ed1ddcd1fde937f"


def test_a_late_span_changes_the_cause(store: Store) -> None:
    finder, told = CauseFinder(store), firing()
    write_transitions(store, [told])
    finder.tick(NOW)
    assert cause_of(store, told) == UNKNOWN_CAUSE

    insert(store, [{**span, "ReceivedAt": NOW + MINUTE} for span in STUCK])
    assert finder.tick(NOW + MINUTE - timedelta(microseconds=1)) == 0
    assert finder.tick(NOW + MINUTE) == 1

    assert cause_of(store, told).service == "erp"
    assert cause_of(store, told).seen_at == NOW + MINUTE


def test_spans_sent_again_change_nothing(store: Store) -> None:
    told = firing()
    first = explained(store, *STUCK, told=told)
    insert(store, [{**span, "ReceivedAt": NOW + MINUTE} for span in STUCK])
    CauseFinder(store).tick(NOW + MINUTE)

    assert structs.replace(cause_of(store, told), recorded_at=NOW) == first


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(1, 6)), min_size=8, max_size=16),
    st.lists(st.integers(0, 7), max_size=6),
    st.randoms(use_true_random=False),
)
def test_however_spans_arrive_and_ticks_fall_or_break_off_the_cause_is_the_same_in_the_end(
    engine: Engine, store: Store, arrivals: list[tuple[int, int]], ticks: list[int], chance: random.Random
) -> None:
    engine.clear(store.database)
    told = firing()
    write_transitions(store, [told])
    # Every span comes at least once, some more often and in any order.
    rows = [(minute, TANGLE[number]) for number, minute in [*((n, 7) for n in range(8)), *arrivals]]
    with BreakingStore(engine.dsn(store.database)) as breaking:
        for minute in sorted({*ticks, 8}):
            due = [{**span, "ReceivedAt": NOW + at * MINUTE} for at, span in rows if at <= minute]
            rows = [row for row in rows if row[0] > minute]
            if due:
                insert(store, due)
            breaking.inserts_left = chance.choice((None, 0, 1))
            with contextlib.suppress(StoreUnreachable):
                CauseFinder(breaking).tick(NOW + minute * MINUTE)
        breaking.inserts_left = None
        CauseFinder(breaking).tick(NOW + 9 * MINUTE)

    found = cause_of(store, told)
    assert (found.spans, found.failures) == (8, 4)
    assert [
        (one.service, one.operation, one.spans, one.is_origin, one.has_recovered) for one in found.failed_calls
    ] == [
        ("erp", POSTING, 2, True, False),
        ("middleware", POSTING, 2, False, False),
        ("erp", "GET /erp/customers", 1, True, True),
        ("middleware", "GET /erp/customers", 1, False, True),
    ]


def test_a_tick_with_nothing_new_looks_at_no_alert(store: Store) -> None:
    explained(store, *STUCK)
    finder = CauseFinder(store)

    # As soon as inserts of the spans that were looked at may still be under way.
    assert finder.tick(NOW + timedelta(seconds=1)) == 0
    assert finder.tick(NOW + MINUTE) == 0
    assert finder.tick(NOW) == 0


def test_a_span_that_becomes_visible_after_others_of_its_time_is_looked_at(store: Store) -> None:
    told = firing()
    explained(store, *STUCK, told=told)
    insert(store, [call("tax", span_id="9", received_at=NOW - timedelta(seconds=1))])

    assert CauseFinder(store).tick(NOW + timedelta(seconds=1)) == 1
    assert cause_of(store, told).spans == len(STUCK) + 1


def test_a_closed_alert_keeps_its_cause_and_is_not_looked_at_again(store: Store) -> None:
    told = firing()
    before = explained(store, *STUCK, told=told)
    over = replace(told, state=AlertState.RESOLVED, resolved_at=NOW, recorded_at=NOW + MINUTE, version=2)
    write_transitions(store, [over])
    insert(store, [call("tax", span_id="9", error="unrelated", received_at=NOW + MINUTE)])

    assert CauseFinder(store).tick(NOW + MINUTE) == 0
    assert cause_of(store, told) == before


def test_many_kinds_of_failure_are_counted_and_the_gravest_kept(store: Store) -> None:
    cause = explained(
        store, *(call("erp", f"step {chr(97 + n)}", span_id=f"{n}", minute=-100 + n, error="x") for n in range(20))
    )

    assert (cause.failures, cause.operation) == (20, "step t")
    assert [one.operation for one in cause.failed_calls] == [f"step {letter}" for letter in "tsrqp"]


def test_a_parent_that_never_came_and_a_message_that_says_nothing_are_no_trouble(store: Store) -> None:
    cause = explained(store, call("erp", parent="lost", error=""))

    assert (cause.error, cause.failed_calls[0].is_origin) == ("error without a message", True)
