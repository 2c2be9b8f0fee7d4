"""Edits of rules by example: what a tick stores of them, and which version judges which case."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from domain.alert import AlertState
from domain.instants import EARLIEST, parse_instant
from domain.rule import Rule
from domain.series_rule import BurnRateRule, BurnWindows
from rules.engine import TickResult
from rules.told import LATE_GRACE
from storage.alerts import list_alerts
from storage.client import Store
from storage.events import insert_events
from storage.rule_versions import read_rule_versions
from storage.series import clock_counts, read_states
from tests.builders import NOW, event_row
from tests.integration.rules.test_engine import (
    DEADLINE,
    HOUR,
    MICRO,
    MINUTE,
    PLAIN,
    approved,
    changed,
    due,
    migrated,
    stood,
    tick,
    told,
)
from tests.unit.rules.histories import rule


def test_a_case_keeps_the_version_it_started_with_and_a_new_one_has_the_new(store: Store) -> None:
    insert_events(store, [approved(), approved(2, occurred_at=NOW + HOUR, received_at=NOW + HOUR)])
    tick(store, NOW)
    result = tick(store, NOW + HOUR, changed("v2", within=HOUR))
    assert result.objects == 1
    insert_events(store, [approved(3, occurred_at=NOW + HOUR - MICRO, received_at=NOW + 2 * HOUR)])

    tick(store, DEADLINE, changed("v2", within=HOUR))

    alerts = {alert.business_object.id: (alert.rule_version, alert.deadline_at) for alert in list_alerts(store)}
    assert alerts == {"O-1": ("v1", DEADLINE), "O-2": ("v2", NOW + 2 * HOUR)}
    assert due(store) == {"O-3": DEADLINE + HOUR - MICRO}


def test_an_edit_looks_at_what_is_new_and_due_only(store: Store) -> None:
    insert_events(store, [approved(number) for number in range(1, 6)])
    tick(store, NOW)

    assert tick(store, NOW + HOUR, changed("v2", within=HOUR)) == TickResult(NOW + HOUR)
    assert tick(store, NOW + 2 * HOUR, changed("v3", within=HOUR / 2)) == TickResult(NOW + 2 * HOUR)
    # Back to an earlier text is an edit like any other.
    assert tick(store, NOW + 3 * HOUR) == TickResult(NOW + 3 * HOUR)

    versions = [(row.number, row.rule_version, row.from_at) for row in read_rule_versions(store)]
    assert versions == [
        (1, "v1", EARLIEST),
        (2, "v2", NOW + HOUR),
        (3, "v3", NOW + 2 * HOUR),
        (4, "v1", NOW + 3 * HOUR),
    ]


def test_a_case_that_was_dated_ahead_of_an_edit_has_the_version_of_its_start(store: Store) -> None:
    insert_events(store, [event_row("a-1", "accepted", ["order/O-1"], occurred_at=NOW + 2 * HOUR, received_at=NOW)])
    tick(store, NOW)
    edited = changed("v2", from_type="accepted", within=HOUR)
    tick(store, NOW + HOUR, edited)
    assert due(store) == {"O-1": NOW + 2 * HOUR}

    tick(store, NOW + 3 * HOUR + MICRO, edited)

    assert stood(store) == {"O-1": AlertState.FIRING}


def test_a_start_that_turns_out_earlier_moves_the_case_to_the_version_of_then(store: Store) -> None:
    insert_events(store, [approved(occurred_at=NOW + HOUR, received_at=NOW + HOUR)])
    tick(store, NOW)
    edited = changed("v2", within=HOUR)
    tick(store, NOW + HOUR, edited)
    tick(store, NOW + 3 * HOUR, edited)
    assert [alert.rule_version for alert in list_alerts(store, AlertState.FIRING)] == ["v2"]
    insert_events(
        store, [event_row("a-0", "approved", ["order/O-1"], occurred_at=NOW, received_at=NOW + 3 * HOUR + MICRO)]
    )

    tick(store, NOW + 3 * HOUR + MICRO + LATE_GRACE, edited)
    assert stood(store) == {"O-1": AlertState.RETRACTED}

    tick(store, DEADLINE + MICRO, edited)
    [alert] = list_alerts(store)
    assert (alert.state, alert.rule_version, alert.started_at) == (AlertState.FIRING, "v1", NOW)
    assert told(store) == [AlertState.FIRING, AlertState.RETRACTED, AlertState.FIRING]


def test_the_newest_version_may_take_the_cases_since_an_instant(store: Store) -> None:
    insert_events(store, [approved(), approved(2, occurred_at=NOW + HOUR, received_at=NOW + HOUR)])
    tick(store, NOW + HOUR)
    edited = changed("v2", within=2 * HOUR)
    tick(store, NOW + 2 * HOUR, edited)
    assert stood(store) == {}
    migrated(store, NOW + 2 * HOUR, since=NOW + HOUR)

    assert tick(store, NOW + 3 * HOUR + MICRO, edited).objects == 2

    [alert] = list_alerts(store)
    assert (alert.business_object.id, alert.rule_version, alert.fired_at) == ("O-2", "v2", NOW + 3 * HOUR)
    assert due(store) == {"O-1": DEADLINE}


def test_words_of_a_rule_change_for_running_cases_without_a_version(store: Store) -> None:
    insert_events(store, [approved(), approved(2, occurred_at=NOW + HOUR, received_at=NOW + HOUR)])
    tick(store, NOW)
    tick(store, NOW + HOUR, changed("v2", within=HOUR))
    tick(store, DEADLINE + MICRO, changed("v2", within=HOUR, labels={"team": "billing"}))

    assert {alert.business_object.id: alert.labels.get("team") for alert in list_alerts(store)} == {
        "O-1": "billing",
        "O-2": "billing",
    }
    assert len(read_rule_versions(store)) == 2


def test_a_version_that_cannot_be_read_any_more_leaves_its_cases_to_the_next(store: Store) -> None:
    insert_events(store, [approved(), approved(2, occurred_at=NOW + HOUR, received_at=NOW + HOUR)])
    tick(store, NOW)
    tick(store, NOW + HOUR, changed("v2", within=HOUR))
    store.execute("ALTER TABLE rule_versions UPDATE definition = '{}' WHERE number = 1 SETTINGS mutations_sync = 1")

    tick(store, DEADLINE, changed("v2", within=HOUR))

    alerts = {alert.business_object.id: (alert.rule_version, alert.deadline_at) for alert in list_alerts(store)}
    assert alerts == {"O-1": ("v2", NOW + HOUR), "O-2": ("v2", NOW + 2 * HOUR)}


def test_a_rule_that_comes_back_has_the_versions_it_had(store: Store) -> None:
    insert_events(store, [approved(), approved(2, occurred_at=NOW + HOUR, received_at=NOW + HOUR)])
    edited = changed("v2", within=HOUR)
    tick(store, NOW)
    tick(store, NOW + HOUR, edited)
    tick(store, NOW + 3 * HOUR, [])
    assert stood(store) == {}

    tick(store, DEADLINE + MICRO, edited)

    alerts = {alert.business_object.id: (alert.rule_version, alert.state) for alert in list_alerts(store)}
    assert alerts == {"O-1": ("v1", AlertState.FIRING), "O-2": ("v2", AlertState.FIRING)}


def test_a_service_level_counts_running_cases_by_the_newest_version_at_its_deadlines(store: Store) -> None:
    def rules(version: str, within: timedelta) -> Sequence[Rule]:
        target = rule(version=version, within=within)
        burning = BurnRateRule(
            group="g",
            name="Burning",
            version=version,
            objective=Fraction(99, 100),
            target=target,
            over=timedelta(days=30),
            windows=(BurnWindows(Fraction(14), HOUR, 5 * MINUTE, "critical"),),
            minimum=1,
        )
        return [target, burning]

    insert_events(store, [approved()])
    tick(store, NOW, rules("v1", 4 * HOUR))
    edited = rules("v2", HOUR)
    tick(store, NOW + MINUTE, edited)
    assert due(store) == {"O-1": NOW + HOUR}

    tick(store, NOW + 2 * HOUR, edited)

    assert due(store) == {"O-1": DEADLINE}
    state = read_states(store)[PLAIN.name]
    [count] = clock_counts(store, PLAIN.name, parse_instant(state.state), EARLIEST)
    assert (count.outcome_at - HOUR, count.good, count.bad) == (NOW, 0, 1)


def test_versions_on_objects_of_two_types_judge_those_of_theirs(store: Store) -> None:
    insert_events(store, [approved(), event_row("i-1", "approved", objects=["invoice/I-1"], occurred_at=NOW + HOUR)])
    tick(store, NOW)
    edited = changed("v2", object_type="invoice", within=HOUR)

    tick(store, NOW + HOUR, edited)
    tick(store, DEADLINE + MICRO, edited)

    alerts = {str(alert.business_object.id): alert.rule_version for alert in list_alerts(store)}
    assert alerts == {"O-1": "v1", "I-1": "v2"}
