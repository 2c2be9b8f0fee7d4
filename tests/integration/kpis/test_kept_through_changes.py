"""Kept cases and statements stay right when files change between ticks: definitions, segments, rates, currencies."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from kpis import case_finding
from kpis.fx import bring_rates_in
from kpis.keeper import KpiKeeper
from storage.client import Store
from storage.events import insert_events
from storage.fx_rates import Rate, read_rates
from storage.kpi_cases import ALL_CASES, CaseRow, Pricing, case_rows
from storage.kpi_values import Statement, read_statements
from tests.builders import NOW, event_row
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, SINCE, UNTIL, figure, priced

HANDOFF, BOOKED = KPIS["order_to_invoice"], KPIS["booked"]
OTHER = replace(HANDOFF, cases=replace(HANDOFF.cases, to_types=("order.posted",)), version="other")
TODAY = datetime(2026, 11, 2, tzinfo=UTC)


def waiting(store: Store) -> list[CaseRow]:
    return case_rows(store, HANDOFF, SINCE, UNTIL, ALL_CASES, is_open=True, limit=10)[0]


def statements(store: Store) -> list[Statement]:
    return read_statements(store, BOOKED, SINCE, UNTIL)


def test_a_definition_that_comes_back_finds_what_happened_while_another_held(embedded_store: Store) -> None:
    insert_events(
        embedded_store,
        [
            event_row("a", "order.approved", ["order/O-1"]),
            event_row("b", "order.approved", ["order/O-2"]),
            event_row("c", "order.cancelled", ["order/O-1"], occurred_at=NOW + 2 * HOUR),
            event_row("i", "invoice.issued", ["order/O-2"], occurred_at=NOW + 2 * HOUR),
        ],
    )
    KpiKeeper(embedded_store, {HANDOFF.id: HANDOFF}, SETTINGS).tick(NOW + HOUR)
    KpiKeeper(embedded_store, {HANDOFF.id: OTHER}, SETTINGS).tick(NOW + 3 * HOUR)
    KpiKeeper(embedded_store, {HANDOFF.id: HANDOFF}, SETTINGS).tick(NOW + 4 * HOUR)

    found = figure(embedded_store, HANDOFF)

    assert (found.closed.cases, found.open.cases) == (1, 0)


def test_what_any_event_states_of_an_object_reaches_its_cases(embedded_store: Store) -> None:
    """Also one of a type that the KPI does not count."""
    later = NOW + 2 * HOUR
    stated: dict[str, Any] = {"legal_entity": "DE01", "region": "EMEA", "attributes": {"tier": "gold"}}
    insert_events(
        embedded_store,
        [
            event_row("a", "order.approved", ["order/O-1"]),
            event_row("b", "order.amended", ["order/O-1"], occurred_at=later, amount="7", currency="EUR", **stated),
        ],
    )
    keeper = KpiKeeper(embedded_store, {HANDOFF.id: HANDOFF}, SETTINGS)
    keeper.tick(NOW + HOUR)
    assert [(one.amount, one.legal_entity) for one in waiting(embedded_store)] == [(None, "")]
    keeper.tick(NOW + 3 * HOUR)

    [case] = waiting(embedded_store)

    assert (case.amount, case.legal_entity, case.region, case.segment) == (Decimal(7), "DE01", "EMEA", "gold")


def test_another_attribute_for_segments_holds_for_the_cases_that_there_are(embedded_store: Store) -> None:
    attributes = {"tier": "gold", "channel": "web"}
    insert_events(embedded_store, [event_row("a", "order.approved", ["order/O-1"], attributes=attributes)])
    KpiKeeper(embedded_store, {HANDOFF.id: HANDOFF}, SETTINGS).tick(NOW + HOUR)
    assert [one.segment for one in waiting(embedded_store)] == ["gold"]

    KpiKeeper(embedded_store, {HANDOFF.id: HANDOFF}, SETTINGS._replace(segment="channel")).tick(NOW + HOUR)

    assert [one.segment for one in waiting(embedded_store)] == ["web"]


def test_many_arrivals_at_once_are_taken_in_part_by_part(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a file of millions of rows: the parts together come to what one would."""
    monkeypatch.setattr(case_finding, "_MILESTONES_AT_ONCE", 2)
    monkeypatch.setattr(case_finding, "_ARRIVALS_AT_ONCE", 2)
    keeper = KpiKeeper(embedded_store, {HANDOFF.id: HANDOFF}, SETTINGS)
    insert_events(embedded_store, [event_row(f"a-{one}", "order.approved", [f"order/O-{one}"]) for one in range(7)])
    keeper.tick(NOW + HOUR)
    later = NOW + 2 * HOUR
    insert_events(
        embedded_store,
        [event_row(f"i-{one}", "invoice.issued", [f"order/O-{one}"], occurred_at=later) for one in range(5)],
    )
    keeper.tick(NOW + 3 * HOUR)

    found = figure(embedded_store, HANDOFF)

    assert (found.closed.cases, found.open.cases) == (5, 2)


def test_rates_that_change_while_nothing_arrives_restate_the_days(embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row("a", amount="10", currency="USD")])
    through = NOW + 2 * DAY
    for rate in ("0.5", "0.25"):
        rates = [Rate("USD", TODAY.date(), Decimal(rate))]
        bring_rates_in(embedded_store, rates, through)
        KpiKeeper(embedded_store, {BOOKED.id: BOOKED}, priced(rates)).tick(through)

    [statement] = statements(embedded_store)

    assert (statement.day.value, statement.first_value, statement.statements) == (Decimal("2.5"), Decimal(5), 2)


def test_another_reporting_currency_restates_the_days(embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row("a", amount="10", currency="EUR")])
    keeper = KpiKeeper(embedded_store, {BOOKED.id: BOOKED}, SETTINGS)
    keeper.tick(NOW + 2 * DAY)
    assert [one.day.value for one in statements(embedded_store)] == [Decimal(10)]

    in_dollars = SETTINGS._replace(pricing=Pricing("USD", 7))
    KpiKeeper(embedded_store, {BOOKED.id: BOOKED}, in_dollars).tick(NOW + 2 * DAY)

    [statement] = statements(embedded_store)
    assert (statement.day.value, statement.day.unconverted) == (None, 1)


def test_a_rate_that_is_taken_out_of_the_file_at_the_instant_of_the_last_load_counts_no_more(
    embedded_store: Store,
) -> None:
    """Commands on a store at rest load at the instant of the latest arrival, again and again."""
    dollar, pound = (Rate(currency, TODAY.date(), Decimal("0.5")) for currency in ("USD", "GBP"))
    assert bring_rates_in(embedded_store, [pound, dollar], NOW)
    assert bring_rates_in(embedded_store, [dollar], NOW)

    assert read_rates(embedded_store) == [dollar]
    assert not bring_rates_in(embedded_store, [dollar], NOW)


def test_an_empty_store_has_nothing_to_keep(embedded_store: Store) -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC)

    assert KpiKeeper(embedded_store, {HANDOFF.id: HANDOFF}, SETTINGS).tick(start) == 0


def test_a_kpi_that_cannot_be_kept_keeps_no_other_from_it(embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row("a")])
    wrong = replace(HANDOFF, id="a_wrong", cases=replace(HANDOFF.cases, statement="SELECT throwIf(1) FROM milestones"))
    keeper = KpiKeeper(embedded_store, {"a_wrong": wrong, HANDOFF.id: HANDOFF}, SETTINGS)

    with pytest.raises(Exception, match="kpi a_wrong"):
        keeper.tick(NOW + HOUR)

    assert [one.object_id for one in waiting(embedded_store)] == ["O-1001"]
