"""Backtests of what judges no single object: worked out by hand, and what the store cannot say is said by name."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain.instants import format_instant
from domain.rule import Rule
from rules.backtest import backtest
from rules.backtest_report import backtest_report
from rules.replay import By, Span
from storage.client import Store, encode_rows
from storage.events import EventRow, insert_events
from tests.builders import NOW, event_row
from tests.integration.rules.traffic_rules import BURNING, LATE, MISSING
from tests.unit.rules.test_likeness import rule as alike_rule

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
WEEK = Span(NOW, NOW + 7 * DAY)
FAILING = replace(LATE, name="CallsFail", signal="failed_transactions", value=Decimal(0))


def side(store: Store, *rules: Rule, span: Span = WEEK, by: By = By.RECEIPT) -> dict[str, Any]:
    found = backtest(store, rules, span, by, lambda done, total: None)
    running: dict[str, Any] = backtest_report(found, rules, None)["running"]
    return running


def figures(store: Store, tested: Rule, **how: Any) -> dict[str, Any]:
    (row,) = side(store, tested, **how)["rules"]
    assert isinstance(row, dict)
    return row


def payment(number: int, after: timedelta, **changes: Any) -> EventRow:
    return event_row(str(number), "payment.received", [f"payment/P-{number}"], occurred_at=NOW + after, **changes)


def before() -> EventRow:
    """Something that was received before the stretch, so that the store knows of all of it."""
    return event_row("before", "noted", ["note/1"], occurred_at=NOW - DAY)


def test_a_type_that_stays_away_fires_and_resolves_when_it_comes(store: Store) -> None:
    insert_events(store, [before(), payment(1, MINUTE), payment(2, 30 * MINUTE), payment(3, 5 * HOUR)])

    found = side(store, MISSING, span=Span(NOW, NOW + 5 * HOUR + MINUTE))

    (row,) = found["rules"]
    assert (row["fired"], row["resolved"], row["firing_at_end"], row["pages"]) == (1, 1, 0, {"warning": 1})
    assert (row["started"], row["object_type"]) == (None, "event_type")
    assert row["resolution_seconds"]["longest"] == (3 * HOUR + 30 * MINUTE).total_seconds()
    assert [place["fired_at"] for place in row["examples"]] == [format_instant(NOW + HOUR + 30 * MINUTE)]
    assert found["unanswered"] == []


def test_traffic_that_comes_in_time_tells_nothing(store: Store) -> None:
    insert_events(store, [before(), *(payment(number, number * 50 * MINUTE) for number in range(6))])

    row = figures(store, MISSING, span=Span(NOW, NOW + 5 * HOUR))

    assert (row["fired"], row["resolved"], row["pages"]) == (0, 0, {})


def test_what_fired_before_the_stretch_is_not_told_again_but_resolves_in_it(store: Store) -> None:
    insert_events(store, [before(), payment(1, -5 * HOUR), payment(2, HOUR)])

    row = figures(store, MISSING, span=Span(NOW, NOW + HOUR + 30 * MINUTE))

    assert (row["fired"], row["resolved"], row["pages"]) == (0, 1, {})


def test_imported_history_is_judged_as_it_occurred(store: Store) -> None:
    imported = {"received_at": NOW + 30 * DAY}
    insert_events(store, [payment(1, MINUTE, **imported), payment(2, 5 * HOUR, **imported)])

    row = figures(store, MISSING, span=Span(NOW, NOW + 5 * HOUR + MINUTE), by=By.OCCURRENCE)

    assert (row["fired"], row["resolved"]) == (1, 1)


def test_a_signal_fires_while_it_is_beyond_its_bound(store: Store) -> None:
    late = payment(1, HOUR, received_at=NOW + HOUR + 10 * MINUTE)
    insert_events(store, [before(), late, payment(2, 2 * HOUR)])

    row = figures(store, LATE)

    assert (row["fired"], row["resolved"], row["firing_at_end"], row["object_type"]) == (1, 1, 0, "signal")


def test_a_signal_cannot_be_told_by_occurrence_and_the_report_says_so(store: Store) -> None:
    insert_events(store, [before(), payment(1, HOUR)])

    found = side(store, LATE, MISSING, by=By.OCCURRENCE)

    assert [row["alert"] for row in found["rules"]] == ["PaymentsMissing"]
    assert found["unanswered"] == [
        {
            "alert": "MessagesLate",
            "reason": "message_latency is measured by receipt, and cannot be told by occurrence",
            "replayed": False,
        }
    ]


def test_a_signal_of_which_nothing_is_stored_is_named_and_not_replayed(store: Store) -> None:
    insert_events(store, [before()])

    found = side(store, FAILING)

    assert found["rules"] == []
    assert found["unanswered"] == [
        {
            "alert": "CallsFail",
            "reason": f"no spans received by {format_instant(WEEK.until)} are stored",
            "replayed": False,
        }
    ]


def test_a_signal_that_is_known_from_later_on_is_replayed_from_there_and_named(store: Store) -> None:
    at = NOW + DAY
    failed = {
        "TraceId": "a" * 32,
        "SpanId": "b" * 16,
        "ServiceName": "erp",
        "SpanKind": "Server",
        "StatusCode": "Error",
    }
    store.insert("otel_traces", encode_rows([{**failed, "Duration": 1, "Timestamp": at, "ReceivedAt": at}]))

    found = side(store, FAILING)

    assert [(row["alert"], row["fired"], row["resolved"]) for row in found["rules"]] == [("CallsFail", 1, 1)]
    assert found["unanswered"] == [
        {
            "alert": "CallsFail",
            "reason": f"no spans received before {format_instant(at)} are stored",
            "replayed": True,
        }
    ]


def orders(late: int, good: int) -> list[EventRow]:
    rows = []
    for number in range(late + good):
        object_ = [f"order/O-{number}"]
        rows.append(event_row(f"a-{number}", "approved", object_, occurred_at=NOW + HOUR))
        took = 40 * MINUTE if number < late else MINUTE
        rows.append(event_row(f"p-{number}", "posted", object_, occurred_at=NOW + HOUR + took))
    return rows


def test_a_budget_that_burns_pages_whichever_way_events_are_known(store: Store) -> None:
    insert_events(store, orders(late=3, good=2))

    for by in By:
        row = figures(store, BURNING, by=by)
        assert (row["fired"], row["pages"], row["object_type"]) == (1, {"critical": 1}, "rule")


def test_a_budget_that_lasts_tells_nothing(store: Store) -> None:
    insert_events(store, orders(late=1, good=19))

    assert figures(store, BURNING)["fired"] == 0


def test_a_burn_counts_nothing_for_the_ticks_of_the_live_engine(store: Store) -> None:
    insert_events(store, orders(late=3, good=2))

    figures(store, BURNING)

    assert store.rows("series_states") == []


def test_objects_that_are_alike_fire_once_and_those_that_are_not_keep_quiet(store: Store) -> None:
    rows = [
        event_row(
            str(number), "customer.created", [f"customer/C-{number}"],
            occurred_at=NOW + number * HOUR, attributes={"name": name},
        )
        for number, name in enumerate(["Acme GmbH", "Globex", "ACME Gmbh."])
    ]  # fmt: skip
    insert_events(store, rows)

    for by in By:
        row = figures(store, alike_rule(), by=by)
        assert (row["fired"], row["firing_at_end"], row["started"]) == (1, 1, None)
        assert [place["object_id"] for place in row["examples"]] == ["C-2"]
    assert figures(store, alike_rule(), span=Span(NOW, NOW + 2 * HOUR))["fired"] == 0
