"""Manual touches: corrections, interventions and accepted differences, each once, with the objects behind them."""

from dataclasses import replace
from datetime import datetime

from domain.alert_action import ActionKind, AlertAction
from domain.business_object import BusinessObject
from domain.intervention import Intervention, InterventionState
from domain.kpi import Dimension
from kpis.keeper import KpiKeeper
from storage.alert_actions import write_action
from storage.client import Store
from storage.events import insert_events
from storage.interventions import write_interventions
from storage.kpi_cases import ALL_CASES, case_rows
from tests.builders import NOW, event_row
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, SINCE, UNTIL, by, figure

TOUCHES = KPIS["manual_touches"]


def intervention(number: int, called_at: datetime | None) -> Intervention:
    """A repost of an order that somebody started."""
    return Intervention(
        intervention_id=f"i-{number}",
        run_id="run-1",
        position=number,
        name="repost_order",
        business_object=BusinessObject("order", f"O-{number}"),
        alert_id="",
        amount=None,
        currency=None,
        state=InterventionState.CALLING if called_at else InterventionState.AWAITING_APPROVAL,
        detail="",
        reason="stuck",
        requested_by="operator",
        requested_token="",
        requested_at=NOW,
        decided_by="",
        attempts=1 if called_at else 0,
        called_at=called_at,
        tried_at=called_at,
        due_at=None,
        version=2 if called_at else 1,
        updated_at=called_at or NOW,
    )


def accepted(action_id: str, value: str, at: datetime) -> AlertAction:
    return AlertAction(
        action_id, "alert-1", "InvoicedOtherThanOrdered", BusinessObject("order", "O-1"), 1, True,
        ActionKind.ACCEPT, value, "operator", at, "rounding",
    )  # fmt: skip


def keep(store: Store, through: datetime) -> None:
    KpiKeeper(store, {TOUCHES.id: TOUCHES}, SETTINGS).tick(through)


def test_each_touch_counts_once_whoever_sends_it_again_and_however_often_it_is_kept(embedded_store: Store) -> None:
    store = embedded_store
    voided = event_row("v-1", "invoice.voided", ["invoice/I-1"], legal_entity="DE01", occurred_at=NOW)
    approved = event_row("a-1", "order.approved", ["order/O-1"], legal_entity="FR01", occurred_at=NOW)
    insert_events(store, [voided, approved])
    write_interventions(store, [intervention(1, None), intervention(2, None)])
    keep(store, NOW + HOUR)
    called = intervention(1, NOW + 2 * HOUR)
    write_interventions(store, [called, replace(called, state=InterventionState.SUCCEEDED, version=3, attempts=2)])
    write_action(store, accepted("a-1", "digest-1", NOW + 2 * HOUR))
    write_action(store, accepted("a-1", "digest-1", NOW + 2 * HOUR))
    write_action(store, accepted("a-2", "digest-1", NOW + 3 * HOUR))
    keep(store, NOW + 3 * HOUR)
    insert_events(store, [event_row("v-1", "invoice.voided", ["invoice/I-1"], received_at=NOW + 4 * HOUR)])
    keep(store, NOW + 5 * HOUR)
    keep(store, NOW + 5 * HOUR)

    assert figure(store, TOUCHES).value == 3
    rows, total = case_rows(store, TOUCHES, SINCE, UNTIL, ALL_CASES, is_open=False, limit=10)
    assert total == 3
    assert sorted((row.object_type, row.object_id, row.source, row.rule) for row in rows) == [
        ("invoice", "I-1", "crm", ""),
        ("order", "O-1", "milepost", "InvoicedOtherThanOrdered"),
        ("order", "O-1", "milepost", "repost_order"),
    ]
    assert by(store, TOUCHES, Dimension.LEGAL_ENTITY) == {"DE01": 1, "FR01": 2}


def test_a_difference_that_is_another_is_accepted_anew(embedded_store: Store) -> None:
    write_action(embedded_store, accepted("a-1", "digest-1", NOW))
    write_action(embedded_store, accepted("a-2", "digest-2", NOW + DAY))
    keep(embedded_store, NOW + 2 * DAY)

    assert figure(embedded_store, TOUCHES).value == 2


def test_what_was_wished_and_never_called_is_no_touch(embedded_store: Store) -> None:
    write_interventions(embedded_store, [intervention(1, None)])
    keep(embedded_store, NOW + HOUR)

    assert figure(embedded_store, TOUCHES).value == 0


def test_what_was_done_at_the_instant_of_a_tick_and_stored_after_it_is_not_missed(embedded_store: Store) -> None:
    keep(embedded_store, NOW + HOUR)
    write_action(embedded_store, accepted("a-1", "digest-1", NOW + HOUR))
    keep(embedded_store, NOW + 2 * HOUR)

    assert figure(embedded_store, TOUCHES).value == 1
