"""Objects that are alike, found by ticks over the store: the same alerts whatever the schedule."""

import contextlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert, AlertState
from domain.alike_rule import AlikeRule
from domain.contract import Contracts
from domain.errors import StoreUnreachable
from domain.instants import to_micros
from domain.rule import Rule
from domain.source_silence import Silences
from rules.alike import MOST_HOLDERS, shared_keys, told_of_pair
from rules.engine import Engine as RulesEngine
from rules.evaluator import evaluate
from rules.replay import By, Span
from rules.traffic_replay import replay_traffic
from storage.alerts import alert_from_row, alert_history, list_alerts
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.milestones import stated_histories
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.rules.test_engine_properties import stored_once
from tests.unit.rules.histories import MINUTE, START
from tests.unit.rules.histories import rule as milestone_rule
from tests.unit.rules.test_likeness import rule

HOUR = timedelta(hours=1)
END = START + timedelta(minutes=90)
WATCHED = rule(unless=("customer.merged",))


def customer(number: int, type_: str = "created", *, event: str = "", **changes: Any) -> EventRow:
    """An event that describes a customer by the attributes given, named by its number."""
    attributes: dict[str, str] = {key: changes.pop(key) for key in ("name", "tax_id", "email") if key in changes}
    event_id = event or f"{type_}-{number}"
    return event_row(event_id, f"customer.{type_}", [f"customer/C-{number}"], attributes=attributes, **changes)


def tick(store: Store, through: datetime, rules: Sequence[Rule] = (WATCHED,)) -> None:
    RulesEngine(store, rules).tick(through)


def stood(store: Store) -> dict[str, AlertState]:
    return {alert.business_object.id: alert.state for alert in list_alerts(store, limit=10_000)}


def test_a_second_customer_fires_and_a_correction_resolves_it(store: Store) -> None:
    insert_events(store, [customer(1, name="Acme GmbH", tax_id="DE1234"), customer(3, name="Globex")])
    tick(store, NOW)
    assert list_alerts(store) == []

    insert_events(store, [customer(2, name="ACME Gmbh.", occurred_at=NOW + HOUR)])
    tick(store, NOW + HOUR)
    [alert] = list_alerts(store)
    assert (alert.state, alert.business_object.id, alert.fired_at) == (AlertState.FIRING, "C-2", NOW + HOUR)
    assert alert.reason == (
        'customer C-2 is thought to be the same as C-1: names that are 100% alike ("Acme GmbH" and "ACME Gmbh.").'
    )

    insert_events(store, [customer(2, "updated", tax_id="DE5678", occurred_at=NOW + 2 * HOUR)])
    tick(store, NOW + 2 * HOUR)
    assert [change.state for change in alert_history(store, alert.alert_id)] == [
        AlertState.FIRING,
        AlertState.RESOLVED,
    ]
    assert [alert.state for alert in evaluate(store, [WATCHED], NOW + 2 * HOUR)] == [AlertState.RESOLVED]
    assert [alert.state for alert in evaluate(store, [WATCHED], NOW + HOUR)] == [AlertState.FIRING]
    assert evaluate(store, [WATCHED], NOW + HOUR, known_at=NOW) == []


def test_a_merge_resolves_and_what_comes_after_it_finds_only_who_is_left(store: Store) -> None:
    insert_events(store, [customer(1, tax_id="DE1234"), customer(2, tax_id="DE1234", occurred_at=NOW + MINUTE)])
    tick(store, NOW + HOUR)
    insert_events(store, [customer(2, "merged", occurred_at=NOW + 2 * HOUR)])
    tick(store, NOW + 2 * HOUR)
    assert stood(store) == {"C-2": AlertState.RESOLVED}

    insert_events(store, [customer(3, tax_id="DE1234", occurred_at=NOW + 3 * HOUR)])
    tick(store, NOW + 3 * HOUR)
    open_alerts = [alert for alert in list_alerts(store) if alert.state is AlertState.FIRING]
    assert [alert.reason for alert in open_alerts] == [
        "customer C-3 is thought to be the same as C-1: the same tax id."
    ]


def test_what_is_dated_ahead_counts_when_its_time_comes(store: Store) -> None:
    insert_events(store, [customer(1, tax_id="DE1234")])
    insert_events(store, [customer(2, tax_id="DE1234", occurred_at=NOW + HOUR, received_at=NOW)])
    tick(store, NOW + MINUTE)
    assert list_alerts(store) == []
    tick(store, NOW + HOUR)
    assert stood(store) == {"C-2": AlertState.FIRING}


def test_a_rule_that_is_changed_or_removed_takes_its_alerts_back(store: Store) -> None:
    insert_events(store, [customer(1, name="Acme"), customer(2, name="Acme", occurred_at=NOW + MINUTE)])
    tick(store, NOW + HOUR)
    tick(store, NOW + HOUR, [milestone_rule(), WATCHED])
    assert stood(store) == {"C-2": AlertState.FIRING}
    tick(store, NOW + 2 * HOUR, [rule(attributes=("email",), version="v2")])
    assert stood(store) == {"C-2": AlertState.RETRACTED}
    tick(store, NOW + 3 * HOUR)
    assert stood(store) == {"C-2": AlertState.FIRING}
    tick(store, NOW + 4 * HOUR, [])
    assert stood(store) == {"C-2": AlertState.RETRACTED}


def test_only_the_first_under_a_key_are_compared_whatever_the_ticks(store: Store) -> None:
    one_by_one = [
        customer(number, tax_id="DE1234", occurred_at=NOW + number * MINUTE) for number in range(MOST_HOLDERS + 2)
    ]
    insert_events(store, one_by_one[:5])
    tick(store, NOW + 4 * MINUTE)
    insert_events(store, one_by_one[5:])
    tick(store, NOW + HOUR * 24)
    assert len(stood(store)) == MOST_HOLDERS - 1
    assert {alert.business_object.id for alert in evaluate(store, [WATCHED], NOW + HOUR * 24)} == stood(store).keys()


_EVENTS = st.tuples(
    st.integers(1, 6),
    st.sampled_from(["created", "updated", "updated", "merged", "noted"]),
    st.integers(0, 24),
    st.sampled_from([0, 0, 0, 1, 3, 9, 20, -2]),
    st.sampled_from([{}, {"tax_id": "DE1111"}, {"tax_id": "1111"}, {"tax_id": "DE2222"}]),
    st.sampled_from([{}, {"name": "Acme Data Systems GmbH"}, {"name": "Acme Dta Systems"}, {"name": "Globex"}]),
    st.sampled_from([{}, {}, {"email": "a@acme.example"}]),
)


def row(number: int, drawn: tuple[int, str, int, int, dict[str, str], dict[str, str], dict[str, str]]) -> EventRow:
    customer_number, type_, occurred, delay, *stated = drawn
    occurred_at = START + occurred * MINUTE
    attributes = {key: text for part in stated for key, text in part.items()}
    return customer(
        customer_number,
        type_,
        event=str(number),
        source="ab"[number % 2],
        occurred_at=occurred_at,
        received_at=occurred_at + delay * MINUTE,
        **attributes,
    )


def expected(store: Store, watched: AlikeRule) -> list[Alert]:
    """What is told of every pair, read in one go from all that is stored."""
    ids = [f"C-{number}" for number in range(1, 7)]
    histories = stated_histories(store, "customer", ids, sorted(watched.event_types), END)
    pairs = shared_keys(watched, histories)
    return [alert for pair in pairs for alert in told_of_pair(watched, pair, histories, None, END)[0]]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(_EVENTS, min_size=4, max_size=25),
    st.lists(st.integers(1, 40), max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_schedule_of_ticks_stores_the_same_changes(
    engine: Engine,
    embedded_store: Store,
    drawn: list[tuple[int, str, int, int, dict[str, str], dict[str, str], dict[str, str]]],
    gaps: list[int],
    chance: random.Random,
) -> None:
    database = embedded_store.database
    engine.clear(database)
    waiting = [row(number, parts) for number, parts in enumerate(drawn)]
    chance.shuffle(waiting)
    with BreakingStore(engine.dsn(database)) as store:
        through = START
        for gap in [*gaps, 90]:
            through = min(through + gap * MINUTE, END)
            arrived = [r for r in waiting if r.received_us <= to_micros(through) or chance.random() < 0.2]
            waiting = [r for r in waiting if r not in arrived]
            if arrived:
                insert_events(store, arrived)
            for _ in range(chance.randrange(3)):
                store.inserts_left, store.breaks_after = chance.randrange(6), chance.random() < 0.5
                with contextlib.suppress(StoreUnreachable):
                    tick(store, through)
            store.inserts_left = None
            tick(store, through)

    stored = [alert_from_row(r) for r in engine.select(embedded_store, "SELECT * FROM alert_transitions FINAL")]
    alerts = stored_once(expected(embedded_store, WATCHED))
    assert stored_once(stored) == alerts
    span = Span(START, END + timedelta(microseconds=1))
    replayed = replay_traffic(embedded_store, WATCHED, span, By.RECEIPT, Silences(Contracts()))
    assert stored_once(list(replayed)) == alerts
    standing = {alert.alert_id: alert.state for alert in list_alerts(embedded_store)}
    once = {alert.alert_id: alert.state for alert in evaluate(embedded_store, [WATCHED], END)}
    assert once == {id_: state for id_, state in standing.items() if state is not AlertState.RETRACTED}
