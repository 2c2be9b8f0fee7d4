"""The tick by example: what it stores when, what it leaves alone, and what a change of the rules does."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.alert import Alert, AlertState
from domain.contract import Contracts
from domain.instants import EARLIEST
from domain.rule import MilestoneRule, Rule
from rules.engine import ENGINE, Engine, TickResult
from rules.evaluator import evaluate
from rules.told import LATE_GRACE
from rules.versions import migrate
from storage.alerts import alert_history, list_alerts
from storage.client import Store
from storage.engine_state import Watermark, open_duties, read_watermark
from storage.events import EventRow, insert_events
from storage.freshness import source_freshness
from storage.milestones import Stretch
from storage.rule_versions import read_rule_versions, write_rule_versions
from tests.builders import NOW, event_row
from tests.engine import Engine as EmbeddedEngine
from tests.unit.rules.histories import LARGE, rule

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MICRO = timedelta(microseconds=1)
DEADLINE = NOW + 4 * HOUR
PLAIN = rule()


def approved(number: int = 1, **changes: Any) -> EventRow:
    return event_row(f"a-{number}", "approved", [f"order/O-{number}"], **changes)


def posted(number: int = 1, **changes: Any) -> EventRow:
    return event_row(f"p-{number}", "posted", [f"order/O-{number}"], **changes)


def tick(store: Store, through: datetime, rules: Iterable[Rule] = (PLAIN,)) -> TickResult:
    return Engine(store, rules).tick(through)


def stood(store: Store) -> dict[str, AlertState]:
    return {alert.business_object.id: alert.state for alert in list_alerts(store)}


def told(store: Store) -> list[AlertState]:
    """The states of the only alert there is, in order."""
    [alert] = list_alerts(store)
    return [change.state for change in alert_history(store, alert.alert_id)]


def due(store: Store) -> dict[str, datetime]:
    return open_duties(store, Stretch("order"), None)


def test_an_empty_store_gets_a_watermark_and_nothing_else(store: Store) -> None:
    result = tick(store, NOW)

    assert (result.through, result.objects, result.transitions.total()) == (NOW, 0, 0)
    watermark = read_watermark(store, ENGINE)
    assert watermark is not None
    assert watermark.evaluated_through == NOW
    assert list_alerts(store) == []
    assert due(store) == {}


def test_an_alert_fires_once_its_deadline_is_reached_and_resolves(store: Store) -> None:
    insert_events(store, [approved()])

    tick(store, DEADLINE - HOUR)
    assert (stood(store), due(store)) == ({}, {"O-1": DEADLINE})
    fired = tick(store, DEADLINE)
    assert (stood(store), due(store)) == ({"O-1": AlertState.FIRING}, {})
    assert (fired.objects, fired.transitions) == (1, {AlertState.FIRING: 1})

    insert_events(store, [posted(occurred_at=DEADLINE + HOUR)])
    tick(store, DEADLINE + 2 * HOUR)
    assert told(store) == [AlertState.FIRING, AlertState.RESOLVED]


def test_a_duty_met_in_time_leaves_no_alert_and_nothing_due(store: Store) -> None:
    insert_events(store, [approved()])
    tick(store, NOW)

    insert_events(store, [posted(occurred_at=NOW + HOUR)])
    tick(store, NOW + HOUR)

    assert due(store) == {}
    assert tick(store, DEADLINE + HOUR).objects == 0
    assert list_alerts(store) == []


def test_a_milestone_that_arrives_late_but_was_in_time_retracts(store: Store) -> None:
    insert_events(store, [approved()])
    tick(store, DEADLINE)

    insert_events(store, [posted(occurred_at=DEADLINE, received_at=DEADLINE + HOUR)])
    tick(store, DEADLINE + HOUR)

    assert told(store) == [AlertState.FIRING, AlertState.RETRACTED]


def test_an_amount_that_becomes_known_late_still_fires(store: Store) -> None:
    large = [rule(where=LARGE)]
    insert_events(store, [approved()])
    tick(store, DEADLINE + HOUR, large)
    assert list_alerts(store) == []

    received_at = DEADLINE + 2 * HOUR
    quoted = event_row("q", "quoted", ["order/O-1"], occurred_at=NOW - HOUR, received_at=received_at, amount="10000")
    insert_events(store, [quoted])
    tick(store, DEADLINE + 2 * HOUR, large)
    assert due(store) == {"O-1": DEADLINE + 2 * HOUR + LATE_GRACE}
    tick(store, DEADLINE + 3 * HOUR, large)

    [alert] = list_alerts(store)
    assert (alert.state, alert.fired_at, alert.amount) == (AlertState.FIRING, DEADLINE, Decimal(10000))


def test_a_tick_looks_only_at_what_is_new_and_due(store: Store) -> None:
    insert_events(store, [approved(number, occurred_at=NOW + number * MINUTE) for number in range(9)])
    tick(store, NOW + HOUR)

    insert_events(store, [event_row("n", "noted", ["order/O-8"], received_at=DEADLINE)])

    assert tick(store, DEADLINE).objects == 2
    assert tick(store, DEADLINE + MINUTE / 2).objects == 0
    assert stood(store) == {"O-0": AlertState.FIRING}


def test_a_tick_that_is_not_later_does_nothing(store: Store) -> None:
    insert_events(store, [approved()])
    tick(store, DEADLINE)

    for through in (DEADLINE, NOW):
        assert tick(store, through) == TickResult(DEADLINE)
    assert told(store) == [AlertState.FIRING]


def test_objects_without_rules_are_none_of_the_engines_business(store: Store) -> None:
    tick(store, NOW)
    insert_events(store, [event_row("c", "approved", ["customer/C-1"], received_at=NOW + HOUR)])

    tick(store, DEADLINE + HOUR)

    assert list_alerts(store) == []


@pytest.mark.parametrize(
    "outage",
    [
        pytest.param(timedelta(days=7), id="a week"),
        pytest.param(timedelta(days=400), id="more than a year"),
    ],
)
def test_an_outage_is_caught_up_with_what_ticks_would_have_stored(store: Store, outage: timedelta) -> None:
    insert_events(store, [approved(), approved(2), approved(3)])
    insert_events(store, [posted(2, occurred_at=DEADLINE + HOUR)])
    tick(store, DEADLINE)
    insert_events(store, [posted(occurred_at=DEADLINE + 2 * HOUR), approved(4, occurred_at=DEADLINE + 3 * HOUR)])

    tick(store, DEADLINE + outage)

    assert stood(store) == {
        "O-1": AlertState.RESOLVED,
        "O-2": AlertState.RESOLVED,
        "O-3": AlertState.FIRING,
        "O-4": AlertState.FIRING,
    }
    for alert in list_alerts(store):
        states = [change.state for change in alert_history(store, alert.alert_id)]
        assert states == [AlertState.FIRING, AlertState.RESOLVED][: len(states)]
        assert alert.fired_at == alert.deadline_at


def test_a_tick_notes_when_each_source_has_spoken(store: Store, engine: EmbeddedEngine) -> None:
    insert_events(store, [approved(received_at=NOW + MINUTE), event_row("e", source="erp", objects=[])])
    tick(store, NOW + MINUTE)
    insert_events(store, [approved(2, occurred_at=NOW - HOUR, received_at=NOW + HOUR)])

    tick(store, NOW + HOUR)

    heard = engine.select(
        store,
        "SELECT source, type, min(first_received_at) AS first, max(last_received_at) AS last, "
        "max(last_occurred_at) AS occurred FROM source_freshness GROUP BY ALL ORDER BY ALL",
    )
    assert [tuple(row.values()) for row in heard] == [
        ("crm", "approved", NOW + MINUTE, NOW + HOUR, NOW),
        ("erp", "order.approved", NOW, NOW, NOW),
    ]


def test_a_tick_killed_before_its_watermark_counts_nothing_twice_when_it_is_repeated(store: Store) -> None:
    insert_events(store, [approved(received_at=NOW + MINUTE), approved(2, received_at=NOW + 2 * MINUTE)])
    tick(store, NOW + 2 * MINUTE)
    store.execute("TRUNCATE TABLE engine_watermarks")
    insert_events(store, [approved(3, received_at=NOW + 2 * MINUTE + timedelta(seconds=1))])

    tick(store, NOW + 3 * MINUTE)

    assert [(row.event_type, row.events) for row in source_freshness(store, Contracts(), NOW + 3 * MINUTE)] == [
        (None, 3),
        ("approved", 3),
    ]


def test_a_removed_rule_takes_its_open_alerts_and_duties_with_it(store: Store) -> None:
    insert_events(store, [approved(), approved(2), approved(3, occurred_at=NOW + HOUR)])
    insert_events(store, [posted(2, occurred_at=DEADLINE)])
    tick(store, DEADLINE)
    assert due(store) == {"O-3": DEADLINE + HOUR}

    tick(store, DEADLINE, [])

    [alert] = list_alerts(store)
    assert (alert.state, alert.changed_at) == (AlertState.RETRACTED, DEADLINE)
    assert alert.reason == "Retracted: the rule was changed or removed, and no rule raises this alert any more."
    assert due(store) == {}


def test_a_rule_that_comes_back_raises_its_alerts_again(store: Store) -> None:
    insert_events(store, [approved()])
    tick(store, DEADLINE)
    tick(store, DEADLINE + HOUR, [])

    tick(store, DEADLINE + 2 * HOUR)

    assert stood(store) == {"O-1": AlertState.FIRING}


def changed(version: str, **changes: Any) -> Sequence[MilestoneRule]:
    return [rule(version=version, **changes)]


def migrated(store: Store, now: datetime, since: datetime = EARLIEST) -> None:
    """Lets the newest version of the rule take the cases that started since then."""
    write_rule_versions(store, migrate(read_rule_versions(store), [PLAIN.name], since, "", now))


def test_a_changed_rule_that_takes_running_cases_moves_their_alerts(store: Store) -> None:
    insert_events(store, [approved(), approved(2, amount="10000", currency="EUR"), approved(3)])
    insert_events(store, [posted(3, occurred_at=DEADLINE + HOUR)])
    tick(store, DEADLINE + 2 * HOUR)
    before = {alert.business_object.id: alert for alert in list_alerts(store)}

    tick(store, DEADLINE + 2 * HOUR, changed("v2", within=HOUR, where=LARGE))
    assert {alert.business_object.id: alert for alert in list_alerts(store)} == before
    migrated(store, DEADLINE + 2 * HOUR)

    tick(store, DEADLINE + 2 * HOUR, changed("v2", within=HOUR, where=LARGE))

    after = {alert.business_object.id: alert for alert in list_alerts(store)}
    assert {id_: alert.state for id_, alert in after.items()} == {
        "O-1": AlertState.RETRACTED,
        "O-2": AlertState.FIRING,
        "O-3": AlertState.RESOLVED,
    }
    assert (after["O-2"].deadline_at, after["O-2"].rule_version) == (NOW + HOUR, "v2")
    assert after["O-3"] == before["O-3"]


def test_a_rule_under_a_new_version_that_says_the_same_stores_nothing(store: Store) -> None:
    insert_events(store, [approved(), approved(2, occurred_at=NOW + HOUR)])
    tick(store, DEADLINE)
    alerts, duties = list_alerts(store), due(store)

    tick(store, DEADLINE, changed("v2"))
    migrated(store, DEADLINE)
    tick(store, DEADLINE, changed("v2"))

    assert (list_alerts(store), due(store)) == (alerts, duties)
    watermark = read_watermark(store, ENGINE)
    assert watermark is not None
    assert watermark != Watermark(DEADLINE, "")
    assert tick(store, DEADLINE, changed("v2")) == TickResult(DEADLINE)


def test_a_rule_added_to_a_running_engine_tells_of_the_past_too(store: Store) -> None:
    insert_events(store, [approved()])
    tick(store, DEADLINE, [])
    assert list_alerts(store) == []

    tick(store, DEADLINE)

    assert told(store) == [AlertState.FIRING]


def test_what_is_received_after_the_horizon_waits_for_the_next_tick(store: Store) -> None:
    insert_events(store, [approved(), posted(occurred_at=NOW + HOUR, received_at=DEADLINE + HOUR)])

    tick(store, DEADLINE)
    assert stood(store) == {"O-1": AlertState.FIRING}

    tick(store, DEADLINE + HOUR)
    assert told(store) == [AlertState.FIRING, AlertState.RETRACTED]


def test_an_object_with_two_thousand_events_in_disorder_ends_as_a_one_off_evaluation_says(store: Store) -> None:
    """A thousand approvals, an hour apart; every other one is received after what follows it."""
    events = []
    for number in range(1000):
        at = NOW + number * HOUR
        events.append(event_row(f"a-{number}", "approved", occurred_at=at, received_at=at + number % 2 * 10 * HOUR))
        amount = "10000" if number % 5 == 0 else None
        posted_at = at + timedelta(minutes=59)
        events.append(event_row(f"p-{number}", "posted", occurred_at=posted_at, amount=amount))
    insert_events(store, events)
    rules = [rule(pairing="one_to_one", where=LARGE, within=HOUR / 2)]
    through = NOW + 1100 * HOUR

    first, second = tick(store, through, rules), tick(store, through + HOUR, rules)

    stored = {alert.alert_id: ends(alert) for alert in list_alerts(store, limit=2000)}
    assert stored == {alert.alert_id: ends(alert) for alert in evaluate(store, rules, through)}
    assert len(stored) == 999
    assert first.transitions[AlertState.RESOLVED] == 999
    assert second.transitions.total() == 0


def ends(alert: Alert) -> tuple[AlertState, datetime, datetime | None, datetime | None]:
    return alert.state, alert.started_at, alert.fired_at, alert.resolved_at
