"""What KPIs over alerts come to, on changes of alerts whose figures were worked out by hand."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from domain.alert import Alert, AlertState
from domain.alert_action import ActionKind, AlertAction
from domain.kpi import Dimension, Kpi
from kpis.keeper import KpiKeeper
from storage.alert_actions import write_action
from storage.alerts import write_transitions
from storage.client import Store
from storage.engine_state import RULES_ENGINE, Watermark, write_watermark
from storage.events import insert_events
from storage.freshness import note_traffic
from storage.kpi_cases import ALL_CASES, case_rows
from storage.kpi_values import read_statements
from tests.builders import NOW, alert, event_row
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, SINCE, UNTIL, by, figure

MINUTE = timedelta(minutes=1)
DETECT, ISOLATE, RECOVER = (KPIS[f"time_to_{what}"] for what in ("detect", "isolate", "recover"))


def told(store: Store, *alerts: Alert, at: datetime) -> None:
    """Changes that the tick at an instant records."""
    write_transitions(store, [replace(one, recorded_at=at, version=int(at.timestamp() * 1e9)) for one in alerts])
    write_watermark(store, RULES_ENGINE, Watermark(at, "1"), at)


def keep(store: Store, kpi: Kpi, through: datetime) -> None:
    KpiKeeper(store, {kpi.id: kpi}, SETTINGS).tick(through)


def acknowledged(store: Store, what: Alert, at: datetime) -> None:
    action = AlertAction(
        f"ack-{what.alert_id}", what.alert_id, what.name, what.business_object, what.version, True,
        ActionKind.ACKNOWLEDGE, "", "operator", at, "seen",
    )  # fmt: skip
    write_action(store, action)


def resolved(what: Alert, at: datetime) -> Alert:
    return replace(what, state=AlertState.RESOLVED, resolved_at=at, changed_at=at)


def three(labels: dict[str, str] | None = None) -> list[Alert]:
    return [alert(object=f"order/O-{number}", labels=labels or {}) for number in range(3)]


def test_time_to_detect_is_from_the_breach_until_the_tick_that_found_it(embedded_store: Store) -> None:
    late, later, wrong = three()
    told(embedded_store, late, at=NOW + 2 * MINUTE)
    told(embedded_store, later, wrong, at=NOW + 6 * MINUTE)
    told(embedded_store, replace(wrong, state=AlertState.RETRACTED), at=NOW + HOUR)
    keep(embedded_store, DETECT, NOW + HOUR)

    found = figure(embedded_store, DETECT)

    assert (found.value, found.closed.cases, found.open.cases) == (Decimal(4 * 60), 2, 0)
    assert found.closed.money.total == Decimal("25000.00")


def test_what_was_broken_before_its_source_was_heard_nobody_could_detect_sooner(embedded_store: Store) -> None:
    """The history that a source is begun with holds what was broken long ago."""
    loaded, since, nobodys = three({"source": "crm"})
    nobodys = replace(nobodys, labels={})
    broken = NOW - DAY
    insert_events(embedded_store, [event_row("e-1", "order.approved", ["order/O-1"], source="crm", received_at=NOW)])
    note_traffic(embedded_store, NOW - HOUR, NOW + MINUTE)
    told(embedded_store, replace(loaded, fired_at=broken), replace(nobodys, fired_at=broken), at=NOW + MINUTE)
    told(embedded_store, replace(since, fired_at=NOW), at=NOW + 2 * MINUTE)
    keep(embedded_store, DETECT, NOW + HOUR)

    rows, _ = case_rows(embedded_store, DETECT, SINCE, UNTIL, ALL_CASES, is_open=False, limit=10)

    assert sorted((row.object_id, row.value) for row in rows) == [
        (since.business_object.id, 120.0),
        (nobodys.business_object.id, 86400.0 + 60),
    ]


def test_time_to_isolate_ends_with_an_acknowledgement_and_what_ended_without_one_is_no_case(
    embedded_store: Store,
) -> None:
    taken, waiting, over = three()
    told(embedded_store, taken, waiting, over, at=NOW + 2 * MINUTE)
    acknowledged(embedded_store, taken, NOW + 12 * MINUTE)
    told(embedded_store, resolved(over, NOW + HOUR), at=NOW + HOUR)
    keep(embedded_store, ISOLATE, NOW + 2 * HOUR)

    found = figure(embedded_store, ISOLATE, until=NOW + HOUR)

    assert (found.value, found.closed.cases) == (Decimal(10 * 60), 1)
    assert (found.open.cases, found.open.oldest_seconds) == (1, 58 * 60.0)


def test_time_to_recover_is_until_it_was_made_good_and_shows_what_is_still_broken(embedded_store: Store) -> None:
    first, second, broken = three()
    told(embedded_store, first, second, broken, at=NOW + MINUTE)
    keep(embedded_store, RECOVER, NOW + MINUTE)
    told(embedded_store, resolved(first, NOW + HOUR), at=NOW + HOUR)
    told(embedded_store, resolved(second, NOW + 4 * HOUR), at=NOW + 4 * HOUR)
    keep(embedded_store, RECOVER, NOW + 4 * HOUR)

    found = figure(embedded_store, RECOVER, until=NOW + 5 * HOUR)

    assert (found.value, found.closed.cases) == (Decimal(5 * 1800), 2)
    assert (found.open.cases, found.open.oldest_seconds) == (1, 5 * 3600.0)


def test_an_acknowledgement_that_the_tick_before_has_missed_is_taken_in(embedded_store: Store) -> None:
    [taken, *_] = three()
    told(embedded_store, taken, at=NOW + MINUTE)
    told(embedded_store, at=NOW + 10 * MINUTE)
    keep(embedded_store, ISOLATE, NOW + 10 * MINUTE)
    acknowledged(embedded_store, taken, NOW + 10 * MINUTE - timedelta(seconds=1))
    told(embedded_store, at=NOW + 11 * MINUTE)
    keep(embedded_store, ISOLATE, NOW + 11 * MINUTE)

    found = figure(embedded_store, ISOLATE)

    assert (found.value, found.closed.cases, found.open.cases) == (Decimal(9 * 60 - 1), 1, 0)


def test_what_is_told_of_a_close_at_any_instant_is_not_missed_by_the_tick_in_between(embedded_store: Store) -> None:
    """Nothing says how far what people do with a close is recorded, and it is stored a moment after it was done."""
    reopened = alert("CloseReopened", "close/DE01-2026-10")
    told(embedded_store, at=NOW + 10 * MINUTE)
    keep(embedded_store, RECOVER, NOW + 10 * MINUTE)
    told(embedded_store, reopened, at=NOW + 10 * MINUTE - timedelta(seconds=1))
    told(embedded_store, at=NOW + 11 * MINUTE)
    keep(embedded_store, RECOVER, NOW + 11 * MINUTE)
    assert figure(embedded_store, RECOVER).open.cases == 1
    told(
        embedded_store,
        resolved(reopened, NOW + 11 * MINUTE - timedelta(seconds=1)),
        at=NOW + 11 * MINUTE - timedelta(seconds=1),
    )
    told(embedded_store, at=NOW + 12 * MINUTE)
    keep(embedded_store, RECOVER, NOW + 12 * MINUTE)

    found = figure(embedded_store, RECOVER)
    assert (found.closed.cases, found.open.cases) == (1, 0)


def test_alerts_are_told_apart_by_handoff_rule_and_legal_entity_and_followed_to_their_objects(
    embedded_store: Store,
) -> None:
    here = {"legal_entity": "DE01", "handoff": "order_to_erp"}
    one, other = alert(labels=here), alert("InvoiceNotVisible", "invoice/I-1", labels={"handoff": "erp_to_crm"})
    told(embedded_store, one, at=NOW + MINUTE)
    told(embedded_store, other, at=NOW + 3 * MINUTE)
    keep(embedded_store, DETECT, NOW + HOUR)

    assert by(embedded_store, DETECT, Dimension.HANDOFF) == {"order_to_erp": Decimal(60), "erp_to_crm": Decimal(180)}
    assert by(embedded_store, DETECT, Dimension.RULE) == {
        "OrderNotPosted": Decimal(60),
        "InvoiceNotVisible": Decimal(180),
    }
    assert by(embedded_store, DETECT, Dimension.LEGAL_ENTITY) == {"DE01": Decimal(60), "": Decimal(180)}
    rows, _ = case_rows(embedded_store, DETECT, SINCE, UNTIL, ALL_CASES, is_open=False, limit=10)
    assert [(row.object_type, row.object_id, row.rule) for row in rows] == [
        ("invoice", "I-1", "InvoiceNotVisible"),
        ("order", "O-1001", "OrderNotPosted"),
    ]


def test_duplicate_customers_are_the_alerts_of_that_rule_and_of_no_other(embedded_store: Store) -> None:
    kpi = KPIS["duplicate_customers"]
    told(
        embedded_store,
        alert("CustomersAlike", "customer/C-1"),
        alert("CustomersAlike", "customer/C-2"),
        *three(),
        at=NOW,
    )
    keep(embedded_store, kpi, NOW + HOUR)

    assert figure(embedded_store, kpi).value == Decimal(2)


def test_a_day_that_an_alert_taken_back_changes_is_stated_again(embedded_store: Store) -> None:
    right, wrong, _ = three()
    told(embedded_store, right, at=NOW + MINUTE)
    told(embedded_store, wrong, at=NOW + 3 * MINUTE)
    keep(embedded_store, DETECT, NOW + 3 * MINUTE)
    told(embedded_store, at=NOW + DAY)
    keep(embedded_store, DETECT, NOW + DAY)
    told(embedded_store, replace(wrong, state=AlertState.RETRACTED), at=NOW + 2 * DAY)
    keep(embedded_store, DETECT, NOW + 2 * DAY)

    [statement] = [one for one in read_statements(embedded_store, DETECT, SINCE, UNTIL) if not one.day.legal_entity]

    assert (statement.day.value, statement.first_value, statement.statements) == (Decimal(60), Decimal(120), 2)


@pytest.mark.parametrize("kpi", [DETECT, ISOLATE, RECOVER, KPIS["duplicate_customers"]], ids=lambda kpi: kpi.id)
def test_changes_that_are_written_again_and_ticks_that_fall_otherwise_change_no_figure(
    embedded_store: Store, kpi: Kpi
) -> None:
    alerts = [*three(), alert("CustomersAlike", "customer/C-1")]
    for number in range(3):
        told(embedded_store, *alerts, at=NOW + MINUTE)
        acknowledged(embedded_store, alerts[0], NOW + 2 * MINUTE)
        told(embedded_store, resolved(alerts[1], NOW + HOUR), at=NOW + HOUR)
        keep(embedded_store, kpi, NOW + (number + 1) * HOUR)
    afresh = replace(kpi, version="afresh")
    keep(embedded_store, afresh, NOW + 4 * HOUR)

    assert figure(embedded_store, kpi).closed == figure(embedded_store, afresh).closed
    assert figure(embedded_store, kpi).open == figure(embedded_store, afresh).open


def test_before_rules_were_ever_evaluated_nothing_is_known_of_alerts(embedded_store: Store) -> None:
    keep(embedded_store, DETECT, NOW)

    assert (figure(embedded_store, DETECT).value, figure(embedded_store, DETECT).closed.cases) == (None, 0)
