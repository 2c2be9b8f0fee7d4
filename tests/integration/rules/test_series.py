"""Rules on traffic by example: their signals in the store, a change of the rules, and what evaluate says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from domain.alert import AlertState
from domain.rule import Rule
from domain.series_rule import BurnWindows
from rules.engine import Engine
from rules.evaluator import evaluate
from storage.alerts import alert_history, list_alerts
from storage.client import Store, encode_rows
from storage.events import insert_events
from storage.series import read_states, signal_values
from tests.builders import NOW, event_row
from tests.integration.rules.traffic_rules import BURNING, LATE, MISSING, POSTED
from tests.unit.rules.silences import contracts

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def stood(store: Store) -> dict[str, AlertState]:
    return {alert.name: alert.state for alert in list_alerts(store)}


def told(store: Store, name: str) -> list[AlertState]:
    [alert] = [alert for alert in list_alerts(store) if alert.name == name]
    return [change.state for change in alert_history(store, alert.alert_id)]


def insert_spans(store: Store, *spans: Mapping[str, object]) -> None:
    """Serving spans of a trace each, unless told otherwise."""
    plain = {"SpanKind": "Server", "StatusCode": "Ok", "Duration": 10**8, "ParentSpanId": "", "ReceivedAt": NOW}
    store.insert("otel_traces", encode_rows([{**plain, "Timestamp": NOW, **span} for span in spans]))


def signal(
    store: Store, name: str, *per: str, steps: int = 1, **changes: Any
) -> list[tuple[datetime, list[str], float]]:
    params = {
        "per": list(per),
        "first": NOW,
        "steps": steps,
        "window_us": 300_000_000,
        "known_at": NOW + HOUR,
        **changes,
    }
    return sorted((at, list(labels), value) for at, labels, value in signal_values(store, name, params))


def call(number: int, at: datetime = NOW, **served: object) -> Sequence[dict[str, object]]:
    """A call from the CRM to the ERP."""
    trace = f"{number:032x}"
    caller = {"TraceId": trace, "SpanId": "a", "ServiceName": "crm", "SpanKind": "Client", "ReceivedAt": at}
    own = {"TraceId": trace, "SpanId": "b", "ParentSpanId": "a", "ServiceName": "erp", "ReceivedAt": at}
    return [caller, {**own, **served}]


def test_failed_transactions_are_traces_with_an_error(store: Store) -> None:
    assert signal(store, "failed_transactions") == []
    insert_spans(
        store, *call(1, StatusCode="Error"), *call(2), *call(3, StatusCode="Error", ReceivedAt=NOW - 5 * MINUTE)
    )
    assert signal(store, "failed_transactions") == [(NOW, [], 1.0)]
    assert signal(store, "failed_transactions", "service") == [(NOW, ["crm"], 0.0), (NOW, ["erp"], 1.0)]
    insert_spans(store, *call(1, StatusCode="Error"))
    assert signal(store, "failed_transactions") == [(NOW, [], 1.0)]
    # What is sent again counts where it came first.
    insert_spans(store, *call(3, StatusCode="Error"))
    assert signal(store, "failed_transactions") == [(NOW, [], 1.0)]


def test_calls_between_services_are_counted_once_each(store: Store) -> None:
    insert_spans(store, *call(1, StatusCode="Error"), *call(2), *call(3), *call(4), *call(4))
    inside = {"TraceId": f"{1:032x}", "SpanId": "c", "ParentSpanId": "b", "ServiceName": "erp", "StatusCode": "Error"}
    insert_spans(store, inside)
    assert signal(store, "api_error_rate", "from_service", "to_service") == [(NOW, ["crm", "erp"], 0.25)]
    assert signal(store, "api_error_rate", "to_service") == [(NOW, ["erp"], 0.25)]


def test_the_latency_of_calls_is_that_of_the_serving_span(store: Store) -> None:
    insert_spans(store, *(span for number in range(20) for span in call(number, Duration=(number + 1) * 10**8)))
    assert signal(store, "api_latency", "to_service") == [(NOW, ["erp"], 2.0)]


def test_a_call_is_known_once_both_of_its_spans_are(store: Store) -> None:
    insert_spans(store, *call(1, ReceivedAt=NOW + MINUTE + SECOND), *call(2, ReceivedAt=NOW + 11 * MINUTE))
    assert [at for at, _, _ in signal(store, "api_error_rate", steps=9)] == [NOW + n * MINUTE for n in range(2, 7)]


def test_a_backlog_counts_what_waits_at_each_minute(store: Store) -> None:
    insert_events(
        store,
        [
            event_row("a1", "approved", ["order/1"], legal_entity="DE01", occurred_at=NOW - HOUR),
            event_row("a2", "approved", ["order/2"], legal_entity="FR01", occurred_at=NOW + MINUTE),
            event_row("p1", "posted", ["order/1"], occurred_at=NOW + 2 * MINUTE),
            event_row("p9", "posted", ["order/9"], occurred_at=NOW - HOUR),
            event_row("old", "approved", ["order/3"], occurred_at=NOW - timedelta(days=31)),
        ],
    )
    pair = {"object_type": "order", "from_type": "approved", "to_type": "posted"}
    found = signal(store, "backlog", "legal_entity", steps=3, **pair)
    waiting = {(at, labels[0]): value for at, labels, value in found if value}
    assert waiting == {
        (NOW, "DE01"): 1.0,
        (NOW + MINUTE, "DE01"): 1.0,
        (NOW + MINUTE, "FR01"): 1.0,
        (NOW + 2 * MINUTE, "FR01"): 1.0,
    }


def test_an_absence_fires_without_any_traffic_and_evaluate_says_the_same(store: Store) -> None:
    insert_events(store, [event_row(type="payment.received", source="bank")])
    Engine(store, [MISSING]).tick(NOW)
    assert Engine(store, [MISSING]).tick(NOW + 2 * HOUR).transitions == {AlertState.FIRING: 1}

    [alert] = list_alerts(store)
    assert str(alert.business_object) == "event_type/payment.received"
    assert (alert.fired_at, alert.labels["source"]) == (NOW + HOUR, "bank")
    [evaluated] = evaluate(store, [MISSING], NOW + 2 * HOUR)
    assert (evaluated.alert_id, evaluated.state, evaluated.fired_at) == (alert.alert_id, alert.state, alert.fired_at)
    assert evaluate(store, [MISSING], NOW + HOUR - SECOND) == []


def test_what_is_expected_is_missing_though_it_never_came(store: Store) -> None:
    expecting = replace(MISSING, expect=((("source", "bank"),),))
    Engine(store, [expecting]).tick(NOW)
    insert_events(store, [event_row(received_at=NOW + MINUTE)])
    Engine(store, [expecting]).tick(NOW + 3 * HOUR)
    [alert] = list_alerts(store)
    assert (alert.state, alert.fired_at) == (AlertState.FIRING, NOW + HOUR + MINUTE)


def test_an_expected_label_set_seen_long_ago_is_missing_since_then(store: Store) -> None:
    expecting = replace(MISSING, expect=((("source", "bank"),),))
    long_ago = NOW - timedelta(days=90)
    insert_events(store, [event_row(type="payment.received", source="bank", occurred_at=long_ago)])
    Engine(store, [expecting]).tick(NOW)
    [alert] = list_alerts(store)
    assert (alert.started_at, alert.fired_at) == (long_ago, long_ago + HOUR)
    assert [found.fired_at for found in evaluate(store, [expecting], NOW)] == [long_ago + HOUR]


@pytest.mark.parametrize(
    "rules", [pytest.param([], id="no rule is left"), pytest.param([POSTED], id="another rule is left")]
)
def test_a_rule_that_is_removed_withdraws_its_alerts_and_begins_anew_when_it_comes_back(
    store: Store, rules: list[Rule]
) -> None:
    insert_events(store, [event_row(type="payment.received", source="bank")])
    Engine(store, [MISSING, POSTED]).tick(NOW + 2 * HOUR)
    Engine(store, rules).tick(NOW + 3 * HOUR)
    assert told(store, "PaymentsMissing") == [AlertState.FIRING, AlertState.RETRACTED]
    assert read_states(store) == {}

    Engine(store, [MISSING]).tick(NOW + 4 * HOUR)
    assert stood(store) == {"PaymentsMissing": AlertState.FIRING}


def test_other_rules_come_and_go_without_touching_an_alert(store: Store) -> None:
    insert_events(store, [event_row(type="payment.received", source="bank")])
    Engine(store, [MISSING]).tick(NOW + 2 * HOUR)
    Engine(store, [MISSING, POSTED, LATE]).tick(NOW + 3 * HOUR)
    assert told(store, "PaymentsMissing") == [AlertState.FIRING]


def test_a_rule_that_is_changed_retracts_what_it_no_longer_says(store: Store) -> None:
    insert_events(store, [event_row(type="payment.received", source="bank")])
    Engine(store, [MISSING]).tick(NOW + 2 * HOUR)
    Engine(store, [replace(MISSING, stretch=5 * HOUR, version="2")]).tick(NOW + 3 * HOUR)
    assert told(store, "PaymentsMissing") == [AlertState.FIRING, AlertState.RETRACTED]


def test_a_threshold_fires_at_the_minute_and_evaluate_says_the_same(store: Store) -> None:
    insert_events(store, [event_row("heard", occurred_at=NOW - 2 * HOUR)])
    Engine(store, [LATE]).tick(NOW)
    insert_events(store, [event_row(occurred_at=NOW - HOUR, received_at=NOW + SECOND)])
    Engine(store, [LATE]).tick(NOW + 4 * MINUTE)
    [alert] = list_alerts(store)
    assert (alert.state, alert.fired_at) == (AlertState.FIRING, NOW + MINUTE)
    assert alert.reason == "message_latency is 3601 s, above 60 s."
    [evaluated] = evaluate(store, [LATE], NOW + 4 * MINUTE)
    assert (evaluated.alert_id, evaluated.fired_at) == (alert.alert_id, alert.fired_at)


def test_a_burn_of_the_budget_counts_duties_met_at_once_and_late_events_take_it_back(store: Store) -> None:
    rules = [POSTED, BURNING]
    Engine(store, rules).tick(NOW)
    met = [event_row(f"a{n}", "approved", [f"order/{n}"], occurred_at=NOW + MINUTE) for n in range(4)]
    met += [event_row(f"p{n}", "posted", [f"order/{n}"], source="erp", occurred_at=NOW + 2 * MINUTE) for n in range(2)]
    insert_events(store, met)
    Engine(store, rules).tick(NOW + 3 * MINUTE)
    Engine(store, rules).tick(NOW + 26 * MINUTE)
    # Two of four: five times the tenth that the objective allows.
    [alert] = [alert for alert in list_alerts(store) if alert.name == "PostingBurns"]
    assert (alert.state, alert.fired_at, str(alert.business_object)) == (
        AlertState.FIRING,
        NOW + 25 * MINUTE,
        "rule/OrderNotPosted",
    )
    [evaluated] = [found for found in evaluate(store, rules, NOW + 26 * MINUTE) if found.name == "PostingBurns"]
    assert (evaluated.alert_id, evaluated.reason) == (alert.alert_id, alert.reason)

    late = event_row(
        "p2", "posted", ["order/2"], source="erp", occurred_at=NOW + 3 * MINUTE, received_at=NOW + 27 * MINUTE
    )
    insert_events(store, [late])
    Engine(store, rules).tick(NOW + 31 * MINUTE)
    assert told(store, "PostingBurns") == [AlertState.FIRING, AlertState.RESOLVED]


def test_a_duty_met_by_a_clock_that_runs_ahead_counts_once_its_instant_has_come(store: Store) -> None:
    rules = [POSTED, BURNING]
    Engine(store, rules).tick(NOW)
    approved = [event_row(f"a{n}", "approved", [f"order/{n}"], occurred_at=NOW + MINUTE) for n in range(5)]
    told_at = NOW + 3 * MINUTE
    ahead = [
        event_row(
            f"p{n}", "posted", [f"order/{n}"], source="erp", occurred_at=told_at + 15 * SECOND, received_at=told_at
        )
        for n in range(3)
    ]
    insert_events(store, [*approved, *ahead])
    for at in (told_at, told_at + MINUTE, NOW + 26 * MINUTE):
        Engine(store, rules).tick(at)
    # Two of five: four times the tenth that the objective allows, where five are asked.
    assert sorted(str(alert.business_object) for alert in list_alerts(store)) == ["order/3", "order/4"]
    assert {found.name for found in evaluate(store, rules, NOW + 26 * MINUTE)} == {POSTED.name}


def test_what_breaks_while_its_source_is_silent_counts_once_the_source_has_spoken(store: Store) -> None:
    slow = replace(BURNING, windows=(BurnWindows(Fraction(5), 2 * HOUR, HOUR, "critical"),))
    rules, erp = [POSTED, slow], contracts(("erp",), HOUR)
    insert_events(store, [event_row("p", "posted", ["order/0"], source="erp")])
    Engine(store, rules, erp).tick(NOW + MINUTE)
    waiting = [event_row(f"a{n}", "approved", [f"order/{n}"], occurred_at=NOW + 2 * HOUR) for n in range(1, 4)]
    insert_events(store, waiting)
    Engine(store, rules, erp).tick(NOW + 2 * HOUR + MINUTE)
    Engine(store, rules, erp).tick(NOW + 3 * HOUR)
    assert {alert.state for alert in list_alerts(store) if alert.name == POSTED.name} == {AlertState.SUSPENDED}
    assert "PostingBurns" not in stood(store)

    insert_events(store, [event_row("q", "posted", ["order/0"], source="erp", occurred_at=NOW + 3 * HOUR + SECOND)])
    Engine(store, rules, erp).tick(NOW + 3 * HOUR + MINUTE)
    Engine(store, rules, erp).tick(NOW + 3 * HOUR + 11 * MINUTE)
    assert stood(store)[POSTED.name] is AlertState.FIRING
    [alert] = [alert for alert in list_alerts(store) if alert.name == "PostingBurns"]
    assert (alert.state, alert.fired_at) == (AlertState.FIRING, NOW + 3 * HOUR + 10 * MINUTE)
